import { Command } from "commander";
import { Detector } from "../detector/detector.js";
import { counted } from "../errors/counted.js";
import { openTrainingSource } from "../evaluation/training-images.js";
import { requireWritablePlace } from "../files/atomic-file.js";
import { requireSeparate } from "../files/outputs.js";
import { printable } from "../files/system-path.js";
import { calibrateOptions } from "../options/calibrate.js";
import { loadOptions } from "../options/load.js";
import { omitOptions } from "../options/option.js";
import type { CommandContext } from "./context.js";
import { addFlags, type Flags } from "./flags.js";
import { weightsInputs } from "./inputs.js";
import { showProgress } from "./progress.js";
import { storageOf } from "./storage-of.js";
import { printThresholds } from "./thresholds.js";

const ownOptions = omitOptions(calibrateOptions, "signal", "onProgress");

interface CalibrateFlags extends Flags<typeof loadOptions>, Flags<typeof ownOptions> {
  out?: string;
}

/** `calibrate <model> <folder>` */
export function calibrateCommand(context: CommandContext): Command {
  const command = new Command("calibrate")
    .description("set a model's thresholds by the scores of good parts that it was not trained on")
    .argument("<model>", "the model file that train wrote")
    .argument("<folder>", "a folder of images of good parts, or a manifest")
    .option("-o, --out <file>", "the model file to write (default: the model itself)")
    .action((model: string, folder: string, flags: CalibrateFlags) =>
      runCalibrate(context, model, folder, flags),
    );
  return addFlags(command, { ...ownOptions, ...loadOptions });
}

async function runCalibrate(
  context: CommandContext,
  model: string,
  folder: string,
  { out = model, good, format, ...flags }: CalibrateFlags,
): Promise<void> {
  const { signal } = context;
  const { falseAlarms, review, extrapolate, allowTrained, maxPixels, ...loading } = flags;
  await requireWritablePlace(out);
  const { files } = await openTrainingSource(folder, { good: good?.toString(), format });
  const images = files.map((path) => ({ name: "the image", path }));
  await requireSeparate([{ name: "the model", path: out }], [...images, ...weightsInputs(loading.weights)]);
  const storage = await storageOf(model);

  await using detector = await Detector.load(model, { ...loading, signal });
  const progress = showProgress(context, "Scoring ", "images", 100);
  try {
    const calibration = await detector.calibrate(files, {
      ...{ falseAlarms, review, extrapolate, allowTrained, maxPixels, signal },
      onProgress: (done) => progress.update(done.images, done.total, ""),
    });
    progress.stop();
    await detector.save(out, { ...storage, signal });
    context.print(`Calibrated on ${counted(files.length, "good image")}; the model is in ${printable(out)}`);
    printThresholds(context, calibration);
  } finally {
    progress.stop();
  }
}
