import test, { type ExecutionContext } from "ava";
import { buildFailingCalls, sweep } from "./sweep.js";

const library = buildFailingCalls();
test.after.always(() => library.remove());

/** A thread that the system refuses gives OUT_OF_MEMORY, or is done without; and nothing is lost. */
const survives = test.macro(async (t: ExecutionContext, operation: string) => {
  const { calls, outcomes } = await sweep(t, library.path, {
    kind: "thread",
    setUp: `
      const detector = await api.train([image(1), image(2)], small);
      const model = folder + "/model.safetensors";
      await detector.save(model);
      const expected = (await detector.score(image(3))).score;
    `,
    operation,
    check: `
      const { score } = await detector.score(image(3));
      if (score !== expected) throw new Error("the score is " + score + " instead of " + expected);
    `,
  });
  t.log(`${calls} threads, of which ${outcomes.length} were made to fail`);
  t.deepEqual(
    outcomes.filter(({ outcome, after }) => !["ok", "OUT_OF_MEMORY"].includes(outcome) || after !== ""),
    [],
  );
  const refused = outcomes.filter(({ outcome }) => outcome === "OUT_OF_MEMORY");
  t.true(refused.length > 0);
  for (const { message } of refused) t.regex(message, /Raise the limit/);
});

test.serial(
  "training survives any thread that cannot start",
  survives,
  `await (await api.train([image(1), image(2)], { ...small, threads: 3 })).dispose();`,
);
test.serial(
  "loading and scoring survive any thread that cannot start",
  survives,
  `const other = await api.Detector.load(model, { device: "cpu", threads: 3 });
   await other.score(image(3)).finally(() => other.dispose());`,
);
