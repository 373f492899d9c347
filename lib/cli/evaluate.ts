import { Command } from "commander";
import { Detector } from "../detector/detector.js";
import { openDataset } from "../evaluation/dataset.js";
import { filesOf } from "../evaluation/datasets/dataset.js";
import { formatReport } from "../evaluation/report.js";
import { requireWritablePlace, writeAtomically } from "../files/atomic-file.js";
import { requireSeparate } from "../files/outputs.js";
import { formatOptions } from "../options/dataset-format.js";
import { imageOptions } from "../options/images.js";
import { loadOptions } from "../options/load.js";
import type { CommandContext } from "./context.js";
import { addFlags, type Flags } from "./flags.js";
import { weightsInputs } from "./inputs.js";
import { showProgress } from "./progress.js";

interface EvaluateFlags
  extends Flags<typeof loadOptions>, Flags<typeof formatOptions>, Flags<typeof imageOptions> {
  json?: string;
  pixels: boolean;
}

/** `evaluate <model> <dataset>` */
export function evaluateCommand(context: CommandContext): Command {
  const command = new Command("evaluate")
    .description("score the test images of a data set and compare the results with their labels and masks")
    .argument("<model>", "the model file that train wrote")
    .argument(
      "<dataset>",
      "a folder in the layout of MVTec AD (test/good, test/<defect>, ground_truth/<defect>) or another known layout, " +
        "or a manifest",
    )
    .option("--json <file>", "also write all metrics and each image's score to this file")
    .option("--no-pixels", "skip the pixel metrics, which need all maps in memory")
    .action((model: string, dataset: string, flags: EvaluateFlags) =>
      runEvaluate(context, model, dataset, flags),
    );
  return addFlags(command, { ...formatOptions, ...loadOptions, ...imageOptions });
}

async function runEvaluate(
  context: CommandContext,
  model: string,
  folder: string,
  { json, pixels, format, maxPixels, ...options }: EvaluateFlags,
): Promise<void> {
  const { signal } = context;
  // Fail before the work, not after it.
  if (json !== undefined) await requireWritablePlace(json);
  const dataset = await openDataset(folder, { format });
  if (json !== undefined) {
    const files = filesOf(dataset).map((path) => ({ name: "the data set's file", path }));
    await requireSeparate(
      [{ name: "the report", path: json }],
      [{ name: "the model", path: model }, ...files, ...weightsInputs(options.weights)],
    );
  }
  await using detector = await Detector.load(model, { ...options, signal });
  const progress = showProgress(context, "Scoring", "images", 20);
  const report = await detector
    .evaluate(dataset, {
      pixels,
      maxPixels,
      signal,
      onProgress: ({ done, total }) => progress.update(done, total, ""),
    })
    .finally(() => progress.stop());
  if (json !== undefined) {
    await writeAtomically(json, (file) => file.writeFile(`${JSON.stringify(report, null, 2)}\n`));
  }
  context.print(formatReport(report));
}
