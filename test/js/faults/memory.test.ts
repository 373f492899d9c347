import test, { type ExecutionContext } from "ava";
import { buildFailingCalls, sweep } from "./sweep.js";

const library = buildFailingCalls();
test.after.always(() => library.remove());

const detector = `
  const detector = await api.train([image(1), image(2)], small);
  const model = folder + "/model.safetensors";
  await detector.save(model);
  const expected = (await detector.score(image(3))).score;
`;
/** The detector that was there before still works as it did. */
const stillScores = `
  const { score } = await detector.score(image(3));
  if (score !== expected) throw new Error("the score is " + score + " instead of " + expected);
`;

/** An allocation that fails, whichever it is, gives OUT_OF_MEMORY, or is done without; and nothing is lost. */
async function survivesEveryFailure(t: ExecutionContext, operation: string): Promise<void> {
  const { calls, outcomes } = await sweep(t, library.path, {
    kind: "memory",
    setUp: detector,
    operation,
    check: stillScores,
  });
  t.log(`${calls} allocations, of which ${outcomes.length} were made to fail`);
  t.true(calls > 0, "the operation allocates");
  t.deepEqual(
    outcomes.filter(({ outcome, after }) => !["ok", "OUT_OF_MEMORY"].includes(outcome) || after !== ""),
    [],
  );
  t.true(outcomes.some(({ outcome }) => outcome === "OUT_OF_MEMORY"));
}

test.serial("training survives any allocation that fails", (t) =>
  survivesEveryFailure(t, `await (await api.train([image(1), image(2)], small)).dispose();`),
);

test.serial("loading survives any allocation that fails", (t) =>
  survivesEveryFailure(t, `await (await api.Detector.load(model, { device: "cpu" })).dispose();`),
);
