import { basename, resolve } from "node:path";
import { Command } from "commander";
import { Detector } from "../detector/detector.js";
import { ReverseDistillationError } from "../errors/error.js";
import { openDataset } from "../evaluation/dataset.js";
import { filesOf } from "../evaluation/datasets/dataset.js";
import { evaluateOptions } from "../evaluation/evaluate.js";
import { formatReport } from "../evaluation/report.js";
import { requireWritablePlace, writeAtomically } from "../files/atomic-file.js";
import { requireSeparate } from "../files/outputs.js";
import { printable } from "../files/system-path.js";
import { formatOptions } from "../options/dataset-format.js";
import { imageOptions } from "../options/images.js";
import { loadOptions } from "../options/load.js";
import { outlinesOf } from "../image/region.js";
import { Gallery } from "../report/gallery.js";
import { writeReportPage } from "../report/write.js";
import type { CommandContext } from "./context.js";
import { addFlags, type Flags } from "./flags.js";
import { weightsInputs } from "./inputs.js";
import { modelFacts } from "./model-facts.js";
import { showProgress } from "./progress.js";

/** The options of `evaluate` that are flags. */
const { resamples, batchSize } = evaluateOptions;
const evaluationFlags = { resamples, batchSize };

interface EvaluateFlags
  extends
    Flags<typeof evaluationFlags>,
    Flags<typeof loadOptions>,
    Flags<typeof formatOptions>,
    Flags<typeof imageOptions> {
  json?: string;
  report?: string;
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
    .option("--report <file>", "also write a page of HTML with curves and pictures to this file")
    .option("--no-pixels", "skip the pixel metrics, which need all maps in memory")
    .action((model: string, dataset: string, flags: EvaluateFlags) =>
      runEvaluate(context, model, dataset, flags),
    );
  return addFlags(command, { ...evaluationFlags, ...formatOptions, ...loadOptions, ...imageOptions });
}

async function runEvaluate(
  context: CommandContext,
  model: string,
  folder: string,
  { json, report: page, pixels, resamples, batchSize, format, maxPixels, ...options }: EvaluateFlags,
): Promise<void> {
  const { signal } = context;
  const outputs = [
    ...(json === undefined ? [] : [{ name: "the metrics", path: json }]),
    ...(page === undefined ? [] : [{ name: "the report", path: page }]),
  ];
  if (json !== undefined && page !== undefined && resolve(json) === resolve(page)) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `--json and --report are both ${printable(json)}: give each a file of its own.`,
    );
  }
  // Fail before the work, not after it.
  for (const { path } of outputs) await requireWritablePlace(path);
  const dataset = await openDataset(folder, { format });
  const files = filesOf(dataset).map((path) => ({ name: "the data set's file", path }));
  const inputs = [{ name: "the model", path: model }, ...files, ...weightsInputs(options.weights)];
  await requireSeparate(outputs, inputs);
  await using detector = await Detector.load(model, { ...options, signal });
  const progress = showProgress(context, "Scoring", "images", 20);
  const gallery = page === undefined ? undefined : new Gallery();
  const report = await detector
    .evaluate(dataset, {
      ...{ pixels, resamples, batchSize, maxPixels, signal },
      regions: gallery !== undefined && detector.thresholds !== null,
      onProgress: ({ done, total }) => progress.update(done, total, ""),
      ...(gallery && {
        onScored: ({ image }, { map, regions }) => gallery.add(image, map, regions && outlinesOf(regions)),
      }),
    })
    .finally(() => progress.stop());
  context.print(formatReport(report));
  if (json !== undefined) {
    await writeAtomically(json, (file) => file.writeFile(`${JSON.stringify(report, null, 2)}\n`));
  }
  if (page !== undefined && gallery !== undefined) {
    const { config, thresholds, calibration, training } = detector;
    const facts = [["data set", folder], ...modelFacts(model, detector)] as const;
    const content = {
      title: `Evaluation of ${basename(resolve(folder))}`,
      facts,
      images: report.images,
      ...{ report, thresholds, calibration, losses: training?.run?.losses },
    };
    await writeReportPage(page, gallery, content, { levels: config.levels, maxPixels, signal });
  }
}
