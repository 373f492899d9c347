import test, { type ExecutionContext } from "ava";
import { buildFailingCalls, sweep } from "./sweep.js";

const library = buildFailingCalls();
test.after.always(() => library.remove());

/** A detector, its files, and images: of 8 and of 16 bits, encoded, and in the package's own memory. */
const detector = `
  const detector = await api.train([image(1), image(2)], small);
  const model = folder + "/model.safetensors";
  const onnx = folder + "/model.onnx";
  await detector.save(model);
  const expected = (await detector.score(image(3))).score;
  const deep = { ...image(3), data: Uint16Array.from(image(3).data, (value) => 257 * value), depth: 16 };
  const encoded = Buffer.concat([Buffer.from("P6 40 40 255\\n"), image(3).data]);
  const lent = () => {
    const lent = detector.allocateImage(40, 40);
    lent.data.set(image(3).data);
    return lent;
  };
  const load = async () => (await api.Detector.load(model, { device: "cpu" })).dispose();
`;
/** The detector that was there before still works as it did. */
const asBefore = `
  const { score } = await detector.score(image(3));
  if (score !== expected) throw new Error("the score is " + score + " instead of " + expected);
  const files = fs.readdirSync(folder).filter((name) => !name.startsWith("model."));
  if (files.length > 0) throw new Error("the folder also holds " + files.join());
`;

/** An allocation that fails, whichever it is, gives OUT_OF_MEMORY, or is done without; and nothing is lost. */
const survives = test.macro(async (t: ExecutionContext, operation: string, check?: string) => {
  const { calls, outcomes } = await sweep(t, library.path, {
    kind: "memory",
    setUp: detector,
    operation,
    check: asBefore + (check ?? ""),
  });
  t.log(`${calls} allocations, of which ${outcomes.length} were made to fail`);
  t.true(calls > 0, "the operation allocates");
  t.deepEqual(
    outcomes.filter(({ outcome, after }) => !["ok", "OUT_OF_MEMORY"].includes(outcome) || after !== ""),
    [],
  );
  t.true(outcomes.some(({ outcome }) => outcome === "OUT_OF_MEMORY"));
});

test.serial(
  "training survives any allocation that fails",
  survives,
  `await (await api.train([image(1), image(2)], small)).dispose();`,
);
test.serial("loading survives any allocation that fails", survives, `await load();`);
test.serial(
  "scoring survives any allocation that fails",
  survives,
  `for (const given of [image(3), deep, encoded, lent()]) await detector.score(given);`,
);
test.serial(
  "scoring a batch survives any allocation that fails",
  survives,
  `await detector.scoreBatch([image(3), deep, encoded, lent()]);`,
);
test.serial("making memory for an image survives any allocation that fails", survives, `lent();`);
test.serial(
  "saving survives any allocation that fails, and leaves a whole file",
  survives,
  `await detector.save(model);`,
  `await load();`,
);
test.serial(
  "exporting survives any allocation that fails, and leaves no other file",
  survives,
  `await detector.export(onnx, { format: "onnx", externalDataThreshold: 1e9 });`,
);
