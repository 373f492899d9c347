import { Command } from "commander";
import { describeProgress } from "../detector/resume.js";
import { trainToFile } from "../detector/train.js";
import { ReverseDistillationError } from "../errors/error.js";
import { openTrainingSource } from "../evaluation/training-images.js";
import { requireSeparate } from "../files/outputs.js";
import { requireRoom } from "../files/room.js";
import { printable } from "../files/system-path.js";
import { heldOutOptions, rateOptions, type HeldOutOptions } from "../options/calibration.js";
import { checkpointingOptions } from "../options/checkpointing.js";
import type { TrainProgress } from "../options/progress.js";
import { trainOptions } from "../options/train.js";
import type { CommandContext } from "./context.js";
import { addFlags, flagName, type Flags } from "./flags.js";
import { earlierInputs, interestInputs, weightsInputs } from "./inputs.js";
import { downloadProgress, duration, showProgress } from "./progress.js";
import { saveSomewhere } from "./save-somewhere.js";
import { printThresholds } from "./thresholds.js";

/** On the command line, the options of `checkpoint` are flags of their own. */
const checkpointFlags = {
  checkpoint: { ...checkpointingOptions.path, required: false },
  checkpointEveryEpochs: checkpointingOptions.everyEpochs,
  checkpointEverySeconds: checkpointingOptions.everySeconds,
};

/** On the command line, the options of `calibrate` are flags of their own too. */
const calibrationFlags = { ...rateOptions, holdOut: heldOutOptions.images };

interface TrainFlags
  extends Omit<Flags<typeof trainOptions>, "checkpoint" | "calibrate">, Flags<typeof calibrationFlags> {
  out: string;
  calibrate: boolean;
  checkpoint?: string;
  checkpointEveryEpochs?: number;
  checkpointEverySeconds?: number;
}

/** `train <folder> --out <file>` */
export function trainCommand(context: CommandContext): Command {
  const command = new Command("train")
    .description("train a detector on images of good parts")
    .argument("<folder>", "a folder of images, or a data set or manifest, whose training images are used")
    .requiredOption("-o, --out <file>", "the model file to write, such as model.safetensors")
    .addHelpText(
      "after",
      "\nIf subfolders are named good, OK, normal or pass, only their images are used.\n\n" +
        "Ctrl-C stops the training after the current batch and saves the model as it is (exit code 130). A second\n" +
        "Ctrl-C aborts without saving.",
    )
    .action((folder: string, flags: TrainFlags) => runTrain(context, folder, flags));
  addFlags(addFlags(command, trainOptions), checkpointFlags);
  command.option("--no-calibrate", "train on all images, and leave the model without thresholds");
  return addFlags(command, calibrationFlags);
}

async function runTrain(context: CommandContext, folder: string, flags: TrainFlags): Promise<void> {
  const { out, good, format, checkpoint, checkpointEveryEpochs, checkpointEverySeconds, ...others } = flags;
  const { calibrate, falseAlarms, review, extrapolate, holdOut, ...options } = others;
  const { signal, interruptions } = context;
  const every = { everyEpochs: checkpointEveryEpochs, everySeconds: checkpointEverySeconds };
  if (checkpoint === undefined && Object.values(every).some((value) => value !== undefined)) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      "--checkpoint-every-epochs and --checkpoint-every-seconds are only valid with --checkpoint.",
    );
  }
  const calibration = calibrationOf(calibrate, { falseAlarms, review, extrapolate, images: holdOut });
  const stop = interruptions?.stop();
  // Fail now, not after an hour of training. How large the model will be is looked at when that is known.
  await requireRoom([{ name: "the model", path: out, bytes: 0 }]);
  const { files } = await openTrainingSource(folder, { good: good?.toString(), format });
  const images = files.map((path) => ({ name: "the training image", path }));
  const lists = { name: "the list of images", path: folder };
  await requireSeparate(
    [{ name: "the model", path: out }],
    [
      ...images,
      lists,
      ...earlierInputs(options.warmStart),
      ...weightsInputs(options.weights),
      ...interestInputs(options.roi),
    ],
  );
  const progress = trainProgress(context, options.epochs === "auto" ? "at most " : "");
  let finished = false;
  const onProgress = (report: TrainProgress) => {
    progress.report(report);
    if (report.phase === "training") finished = report.epoch === report.epochs;
  };
  const checkpointing = checkpoint === undefined ? undefined : { path: checkpoint, ...every };
  try {
    await using detector = await trainToFile(
      files,
      { ...options, calibrate: calibration, checkpoint: checkpointing, signal, stop, onProgress },
      out,
    );
    progress.stop();
    await saveSomewhere(detector, out, signal);
    const { images: count, epochs } = detector.training!;
    if (stop?.aborted && !finished) {
      interruptions?.markStopped();
      context.print(
        `Stopped in epoch ${epochs}, trained on ${count} images; the model as it is now is in ${out}`,
      );
    } else {
      context.print(`Trained on ${count} images; the model is in ${out}`);
    }
    if (detector.calibration !== null) printThresholds(context, detector.calibration);
  } finally {
    progress.stop();
  }
}

/** The option `calibrate` from its flags. */
function calibrationOf(calibrate: boolean, options: HeldOutOptions): false | HeldOutOptions | undefined {
  const given = Object.values(options).some((value) => value !== undefined);
  if (calibrate) return given ? options : undefined;
  if (!given) return false;
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${Object.keys(calibrationFlags).map(flagName).join(", ")} are not valid with --no-calibrate.`,
  );
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
  const calibrating = showProgress(context, "Calibrating", "images", 100);
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
      if (progress.phase === "calibrating") {
        training.stop();
        calibrating.update(progress.images, progress.total, "");
        return;
      }
      if (progress.phase !== "training") {
        if (progress.phase === "resumed")
          context.note(`Resumed from ${printable(progress.path)} after ${describeProgress(progress)}`);
        return;
      }
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
      calibrating.stop();
    },
  };
}
