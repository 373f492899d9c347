import { join } from "node:path";
import test from "ava";
import { train } from "../../../lib/index.js";
import { readExportDescription } from "../../../lib/onnx/read-metadata.js";
import { preprocess } from "../../../lib/preprocess.js";
import { RuntimeModel } from "../../../lib/verify/runtime.js";
import { verifyExport } from "../../../lib/verify/verify.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

process.removeAllListeners("warning");

const options = { imageSize: 32, epochs: 1, batchSize: 4, layers: [1] as const };

test("an export gives verdicts by the thresholds in force, and keeps them as metadata", async (t) => {
  const folder = await temporaryFolder(t);
  const images = Array.from({ length: 6 }, (_, i) => noise(32, 32, 3, i + 1));
  await using detector = await train(images, options);
  const plain = join(folder, "plain.onnx");
  await detector.export(plain, { format: "onnx" });
  t.is((await readExportDescription(plain)).thresholds, undefined);
  const path = join(folder, "model.onnx");
  await rejects(
    t,
    detector.export(path, { format: "onnx", verdict: true }),
    "NOT_CALIBRATED",
    /is not calibrated/,
  );

  const runtime = await RuntimeModel.open(plain);
  t.teardown(() => runtime.close());
  const pixels = await Promise.all(images.map((image) => preprocess(image, 32)));
  const scores = (await runtime.score(pixels)).map(({ score }) => score).sort((a, b) => a - b);
  // One threshold is a score itself; the other one lies just above a score, nearer than a float32 can tell.
  const thresholds = { reject: scores[4]!, review: scores[1]! * (1 + 1e-12) };
  detector.setThresholds(thresholds);
  await detector.export(path, { format: "onnx", verdict: true });
  t.deepEqual((await readExportDescription(path)).thresholds, { ...thresholds, outline: thresholds.reject });
  const judging = await RuntimeModel.open(path);
  t.teardown(() => judging.close());
  const judged = (await judging.score(pixels)).sort((a, b) => a.score - b.score);
  t.deepEqual(
    judged.map(({ verdict }) => verdict),
    ["accept", "accept", "review", "review", "reject", "reject"],
  );
  const found = await verifyExport(detector, path, images);
  t.true(found.agrees);
  t.is(found.wrongVerdicts, 0);
});
