import { Command, Option } from "commander";
import { train } from "../detector/train.js";
import { requireWritablePlace } from "../files/atomic-file.js";
import type { Device } from "../options/device.js";
import type { Epochs } from "../options/epochs.js";
import {
  backbones,
  combinations,
  layouts,
  losses,
  normalisations,
  type Layer,
  type Backbone,
  type Combine,
  type Layout,
  type Loss,
  type Normalisation,
} from "../options/model.js";
import { trainingPrecisions, type TrainingPrecision } from "../options/precision.js";
import type { TrainProgress } from "../options/progress.js";
import { trainDefaults } from "../options/train.js";
import type { CommandContext } from "./context.js";
import { deviceValue, epochsValue, numberValue, numbersValue, sizeValue } from "./option-values.js";
import { downloadProgress, duration, showProgress } from "./progress.js";

interface TrainFlags {
  out: string;
  weights?: string;
  backbone: Backbone;
  imageSize: number | [number, number];
  epochs: Epochs;
  batchSize: number;
  learningRate: number;
  loss: Loss;
  layout: Layout;
  layers: Layer[];
  combine: Combine;
  sigma: number;
  normalisation: Normalisation;
  seed: number;
  device: Device;
  precision: TrainingPrecision;
  threads?: number;
  featureMemory?: number;
  featureDisk: number;
}

/** `train <folder> --out <file>` */
export function trainCommand(context: CommandContext): Command {
  const option = (flags: string, description: string, name: keyof typeof trainDefaults) =>
    new Option(flags, description).default(trainDefaults[name], String(trainDefaults[name]));
  return new Command("train")
    .description("train a detector on the images of normal parts in a folder")
    .argument("<folder>", "images of normal parts: those in its train/good if it has one, else all below it")
    .requiredOption("-o, --out <file>", "the model file to write, such as model.safetensors")
    .option(
      "-w, --weights <file>",
      'ImageNet weights of the teacher: a .pth or safetensors file, or "imagenet" for torchvision\'s own',
    )
    .addOption(option("--backbone <name>", "the teacher's architecture", "backbone").choices(backbones))
    .addOption(
      option("--image-size <pixels>", "a side, or HEIGHTxWIDTH; multiples of 32", "imageSize").argParser(
        sizeValue,
      ),
    )
    .addOption(
      option(
        "--epochs <n>",
        'passes over the images, or "auto": until the loss has stopped to matter',
        "epochs",
      ).argParser(epochsValue),
    )
    .addOption(option("--batch-size <n>", "images a step", "batchSize").argParser(numberValue))
    .addOption(option("--learning-rate <rate>", "of Adam", "learningRate").argParser(numberValue))
    .addOption(option("--loss <name>", "a cosine a position, or one a feature map", "loss").choices(losses))
    .addOption(
      option("--layout <name>", "of the networks: the paper's or the authors' code's", "layout").choices(
        layouts,
      ),
    )
    .addOption(option("--layers <list>", "scales that count", "layers").argParser(numbersValue))
    .addOption(option("--combine <name>", "how the scales' maps become one", "combine").choices(combinations))
    .addOption(option("--sigma <pixels>", "of the map's smoothing", "sigma").argParser(numberValue))
    .addOption(
      option("--normalisation <name>", "of the pixels, as the weights expect", "normalisation").choices(
        normalisations,
      ),
    )
    .addOption(
      option("--seed <n>", "of the initial weights and the images' order", "seed").argParser(numberValue),
    )
    .addOption(option("--device <name>", "auto, cpu or cuda:N", "device").argParser(deviceValue))
    .addOption(
      option(
        "--precision <name>",
        "of the networks' arithmetic; auto: bfloat16 where the hardware has it",
        "precision",
      ).choices(trainingPrecisions),
    )
    .option("--threads <n>", "threads that compute (default: one a core)", numberValue)
    .option(
      "--feature-memory <bytes>",
      "that the teacher's features may take (default: a quarter of the memory)",
      numberValue,
    )
    .addOption(
      option(
        "--feature-disk <bytes>",
        "that they may take where memory is too small",
        "featureDisk",
      ).argParser(numberValue),
    )
    .action((folder: string, flags: TrainFlags) => runTrain(context, folder, flags));
}

async function runTrain(
  context: CommandContext,
  folder: string,
  { out, ...options }: TrainFlags,
): Promise<void> {
  const { signal } = context;
  // Not to be found out after an hour of training.
  await requireWritablePlace(out);
  const progress = trainProgress(context, options.epochs === "auto" ? "at most " : "");
  try {
    await using detector = await train(folder, { ...options, signal, onProgress: progress.report });
    progress.stop();
    await detector.save(out, { signal });
    context.print(`Trained on ${detector.training!.images} images; the model is ${out}`);
  } finally {
    progress.stop();
  }
}

/** Shows the download of the weights if there is one, the reading of the images, then the epochs. @param bound Of the time that is left. */
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
