import { Command } from "commander";
import { Detector } from "../detector/detector.js";
import { openDataset } from "../evaluation/dataset.js";
import { formatReport } from "../evaluation/report.js";
import { requireWritablePlace, writeAtomically } from "../files/atomic-file.js";
import type { Device } from "../options/device.js";
import type { ScoringPrecision } from "../options/precision.js";
import type { CommandContext } from "./context.js";
import { deviceValue, numberValue, precisionOption } from "./option-values.js";
import { showProgress } from "./progress.js";

interface EvaluateFlags {
  json?: string;
  pixels: boolean;
  weights?: string;
  device: Device;
  precision: ScoringPrecision;
  threads?: number;
}

/** `evaluate <model> <dataset>` */
export function evaluateCommand(context: CommandContext): Command {
  return new Command("evaluate")
    .description("score a data set's test images and compare with their labels and masks")
    .argument("<model>", "the model file that train wrote")
    .argument(
      "<dataset>",
      "a folder in the layout of MVTec AD: test/good, test/<defect>, ground_truth/<defect>",
    )
    .option("--json <file>", "write all metrics and each image's score into this file as well")
    .option("--no-pixels", "leave out the metrics of pixels, which need all maps in memory")
    .option("-w, --weights <file>", "the teacher's weights, for a model that only refers to them")
    .option("--device <name>", "auto, cpu or cuda:N", deviceValue, "auto")
    .addOption(precisionOption())
    .option("--threads <n>", "threads that compute (default: one a core)", numberValue)
    .action((model: string, dataset: string, flags: EvaluateFlags) =>
      runEvaluate(context, model, dataset, flags),
    );
}

async function runEvaluate(
  context: CommandContext,
  model: string,
  folder: string,
  { json, pixels, weights, device, precision, threads }: EvaluateFlags,
): Promise<void> {
  const { signal } = context;
  // Known before the work rather than after it.
  if (json !== undefined) await requireWritablePlace(json);
  const dataset = await openDataset(folder);
  await using detector = await Detector.load(model, { weights, device, precision, threads, signal });
  const progress = showProgress(context, "Scoring", "images", 20);
  const report = await detector
    .evaluate(dataset, {
      pixels,
      signal,
      onProgress: ({ done, total }) => progress.update(done, total, ""),
    })
    .finally(() => progress.stop());
  if (json !== undefined) {
    await writeAtomically(json, (file) => file.writeFile(`${JSON.stringify(report, null, 2)}\n`));
  }
  context.print(formatReport(report));
}
