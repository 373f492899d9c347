import { Command } from "commander";
import { Detector } from "../detector/detector.js";
import { counted } from "../errors/counted.js";
import { openTrainingSource } from "../evaluation/training-images.js";
import { requireWritablePlace } from "../files/atomic-file.js";
import { requireSeparate } from "../files/outputs.js";
import { printable } from "../files/system-path.js";
import { loadOptions } from "../options/load.js";
import { omitOptions } from "../options/option.js";
import { quantiseOptions } from "../options/quantise.js";
import type { CommandContext } from "./context.js";
import { addFlags, type Flags } from "./flags.js";
import { weightsInputs } from "./inputs.js";
import { showProgress } from "./progress.js";
import { storageOf } from "./storage-of.js";

const ownOptions = omitOptions(quantiseOptions, "signal", "onProgress");
const loadingOptions = omitOptions(loadOptions, "precision", "device");

interface QuantiseFlags extends Flags<typeof loadingOptions>, Flags<typeof ownOptions> {
  out?: string;
}

/** `quantise <model> <folder>` */
export function quantiseCommand(context: CommandContext): Command {
  const command = new Command("quantise")
    .alias("quantize")
    .description("prepare a model to score in 8 bits, with --precision int8")
    .argument("<model>", "the model file that train wrote")
    .argument("<folder>", "a folder of images of good parts, or a manifest; those of the training will do")
    .option("-o, --out <file>", "the model file to write (default: the model itself)")
    .action((model: string, folder: string, flags: QuantiseFlags) =>
      runQuantise(context, model, folder, flags),
    );
  return addFlags(command, { ...ownOptions, ...loadingOptions });
}

async function runQuantise(
  context: CommandContext,
  model: string,
  folder: string,
  { out = model, good, format, images: most, maxPixels, ...loading }: QuantiseFlags,
): Promise<void> {
  const { signal } = context;
  await requireWritablePlace(out);
  const { files } = await openTrainingSource(folder, { good: good?.toString(), format });
  const images = files.map((path) => ({ name: "the image", path }));
  await requireSeparate([{ name: "the model", path: out }], [...images, ...weightsInputs(loading.weights)]);
  const storage = await storageOf(model);

  await using detector = await Detector.load(model, { ...loading, device: "cpu", signal });
  const progress = showProgress(context, "Observing", "images", 100);
  try {
    const quantised = await detector.quantise(files, {
      ...{ images: most, maxPixels, signal },
      onProgress: (done) => progress.update(done.images, done.total, ""),
    });
    progress.stop();
    await detector.save(out, { ...storage, signal });
    const used = counted(quantised.images, "good image");
    context.print(`Quantised with ${used}; the model is in ${printable(out)}`);
    if (detector.thresholds !== null)
      context.print(
        "Its thresholds are for float32: before scoring with --precision int8, calibrate with it.",
      );
  } finally {
    progress.stop();
  }
}
