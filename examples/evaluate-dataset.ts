/**
 * Evaluates a detector on a data set with known defects, and lists the images it gets wrong.
 *
 *   npx tsx evaluate-dataset.ts parts.safetensors dataset --json report.json
 *
 * The data set has the layout of MVTec AD: test/good, test/<defect> and, for the defects' masks,
 * ground_truth/<defect>/<name>_mask.png. Without masks there are no metrics by pixel.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Detector, formatReport, normalLabel, openDataset } from "reverse-distillation";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" } },
});
const [model, folder] = positionals;
if (model === undefined || folder === undefined) {
  console.error("usage: evaluate-dataset.ts <model.safetensors> <data set> [--json <file>]");
  process.exit(2);
}

const dataset = await openDataset(folder);
await using detector = await Detector.load(model);
const report = await detector.evaluate(dataset, {
  onProgress: ({ done, total }) => process.stderr.write(`\rscoring image ${done} of ${total}`),
});
process.stderr.write("\n");
console.log(formatReport(report));

// The threshold that suits these images best. Choose yours on other images than those you report on.
const threshold = report.overall.image.f1Max?.threshold ?? Infinity;
const wrong = report.images.filter(({ label, score }) => score >= threshold !== (label !== normalLabel));
console.log(`\nWrong at the threshold ${threshold.toFixed(4)}: ${wrong.length} of ${report.images.length}`);
for (const { image, label, score } of wrong) console.log(`${score.toFixed(4)}  ${label}  ${image}`);

if (values.json !== undefined) await writeFile(values.json, JSON.stringify(report, null, 2));
