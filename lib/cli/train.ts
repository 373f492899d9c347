import { Command } from "commander";
import { trainToFile } from "../detector/train.js";
import { openTrainingSource } from "../evaluation/training-images.js";
import { requireSeparate } from "../files/outputs.js";
import { requireRoom } from "../files/room.js";
import type { TrainProgress } from "../options/progress.js";
import { trainOptions } from "../options/train.js";
import type { CommandContext } from "./context.js";
import { addFlags, type Flags } from "./flags.js";
import { weightsInputs } from "./inputs.js";
import { downloadProgress, duration, showProgress } from "./progress.js";
import { saveSomewhere } from "./save-somewhere.js";

interface TrainFlags extends Flags<typeof trainOptions> {
  out: string;
}

/** `train <folder> --out <file>` */
export function trainCommand(context: CommandContext): Command {
  const command = new Command("train")
    .description("train a detector on images of good parts")
    .argument("<folder>", "a folder of images, or a data set or manifest, whose training images are used")
    .requiredOption("-o, --out <file>", "the model file to write, such as model.safetensors")
    .addHelpText("after", "\nIf subfolders are named good, OK, normal or pass, only their images are used.")
    .action((folder: string, flags: TrainFlags) => runTrain(context, folder, flags));
  return addFlags(command, trainOptions);
}

async function runTrain(
  context: CommandContext,
  folder: string,
  { out, good, format, ...options }: TrainFlags,
): Promise<void> {
  const { signal } = context;
  // Fail now, not after an hour of training. How large the model will be is looked at when that is known.
  await requireRoom([{ name: "the model", path: out, bytes: 0 }]);
  const { files } = await openTrainingSource(folder, { good: good?.toString(), format });
  const images = files.map((path) => ({ name: "the training image", path }));
  const lists = { name: "the list of images", path: folder };
  await requireSeparate(
    [{ name: "the model", path: out }],
    [...images, lists, ...weightsInputs(options.weights)],
  );
  const progress = trainProgress(context, options.epochs === "auto" ? "at most " : "");
  try {
    await using detector = await trainToFile(files, { ...options, signal, onProgress: progress.report }, out);
    progress.stop();
    await saveSomewhere(detector, out, signal);
    context.print(`Trained on ${detector.training!.images} images; the model is in ${out}`);
  } finally {
    progress.stop();
  }
}

/**
 * Shows the download of the weights (if any), the reading of the images, and the epochs.
 *
 * @param bound Goes before the remaining time.
 */
export function trainProgress(
  context: CommandContext,
  bound: "" | "at most " = "",
): {
  report: (progress: TrainProgress) => void;
  stop: () => void;
} {
  const downloading = downloadProgress(context);
  const reading = showProgress(context, "Reading ", "images", 100);
  const training = showProgress(context, "Training", "epochs", 1);
  return {
    report(progress) {
      if (progress.phase === "downloading") {
        downloading.report(progress.bytes, progress.total);
        return;
      }
      downloading.stop();
      if (progress.phase === "reading") {
        reading.update(progress.images, progress.total, "");
        return;
      }
      reading.stop();
      const { epoch, epochs, loss, imagesPerSecond, secondsLeft } = progress;
      const speed = `${imagesPerSecond.toFixed(1)} images/s`;
      training.update(
        epoch,
        epochs,
        `loss ${loss.toFixed(4)}, ${speed}, ${bound}${duration(secondsLeft)} left`,
      );
    },
    stop() {
      downloading.stop();
      reading.stop();
      training.stop();
    },
  };
}
