import test, { type ExecutionContext } from "ava";
import { buildFailingCalls, sweep, type Kind } from "./sweep.js";

const library = buildFailingCalls();
test.after.always(() => library.remove());

const [EMFILE, ENOSPC, EROFS] = [24, 28, 30];

/** A detector, and a file of each kind that it writes. */
const written = `
  const detector = await api.train([image(1), image(2)], small);
  const model = folder + "/model.safetensors";
  const onnx = folder + "/model.onnx";
  const save = async () => {
    await detector.save(model);
    await detector.export(onnx, { format: "onnx", externalDataThreshold: 1e9 });
  };
  await save();
  const before = fs.readdirSync(folder).sort().join();
`;
/** Both files are whole, whichever write failed, and no temporary file is left. */
const bothWhole = `
  await (await api.Detector.load(model, { device: "cpu" })).dispose();
  const now = fs.readdirSync(folder).sort().join();
  if (now !== before) throw new Error("the folder holds " + now + " instead of " + before);
`;

/** Each call in turn fails like this; the operation succeeds or says IO, and everything is as before. */
async function isIo(
  t: ExecutionContext,
  kind: Kind,
  errno: number,
  reason: RegExp,
  scene: { setUp: string; operation: string; check: string },
): Promise<void> {
  const { calls, outcomes } = await sweep(t, library.path, { kind, errno, ...scene });
  t.log(`${calls} calls, of which ${outcomes.length} were made to fail`);
  const failed = outcomes.filter(({ outcome }) => outcome === "IO");
  t.true(failed.length > 0, "some of the calls matter");
  t.deepEqual(
    outcomes.filter(({ outcome, after }) => !["ok", "IO"].includes(outcome) || after !== ""),
    [],
  );
  for (const { message } of failed) t.regex(message, reason);
}

test.serial("a disk that fills up while a detector is written leaves the old files, and says so", (t) =>
  isIo(t, "write", ENOSPC, /no space left on the device/i, {
    setUp: written,
    operation: "await save();",
    check: bothWhole,
  }),
);

test.serial(
  "a file system that becomes read-only while a detector is written leaves the old files, and says so",
  (t) =>
    isIo(t, "open", EROFS, /read-only/i, { setUp: written, operation: "await save();", check: bothWhole }),
);

test.serial("a process with too many open files is told so by reading and by writing", (t) =>
  isIo(t, "open", EMFILE, /too many open files/i, {
    setUp: written,
    operation: "await save(); await (await api.Detector.load(model, { device: 'cpu' })).dispose();",
    check: bothWhole,
  }),
);

test.serial("a disk without room for the teacher's features ends a training with what to do", (t) =>
  isIo(t, "write", ENOSPC, /No space left on device.*TMPDIR|featureDisk/is, {
    setUp: `const options = { ...small, featureMemory: 0, featureDisk: 2 ** 30 };`,
    operation: `await (await api.train([image(1), image(2)], options)).dispose();`,
    check: "",
  }),
);
