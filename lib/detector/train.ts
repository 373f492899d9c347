import { tmpdir } from "node:os";
import { withAnySignal } from "../errors/abort.js";
import type { StoredCalibration } from "../calibration/calibration.js";
import { lend } from "../image/lent-image.js";
import type { ImageSource } from "../image/source.js";
import type { TrainingDescription, TrainingRun } from "../model-file/description.js";
import { cancellable } from "../native/cancellable.js";
import { fromNative } from "../native/native-error.js";
import { rateOptions } from "../options/calibration.js";
import { omitOptions, pickOptions } from "../options/option.js";
import { resolveTrainOptions, type ResolvedTrainOptions, type TrainOptions } from "../options/train.js";
import { trainingLength, trainingOptions } from "../options/training.js";
import { calibrateOn, type ScoreBatch } from "./calibrator.js";
import { scoreInside } from "./computed-score.js";
import { CheckpointWriter } from "./checkpoint-writer.js";
import { createDetector, type Detector } from "./detector.js";
import { prepare, type PreparedTraining } from "./prepared-training.js";
import { runTraining } from "./training-loop.js";

/**
 * Trains a detector on images of normal parts only (Deng & Li 2022).
 *
 * @param images One of these:
 *
 * - The path of a folder or manifest. If `openDataset` can open it, its training images are used. Otherwise, the images
 *   in subfolders named "good" ("OK", "normal", "pass") are used, or all images if no name says which are good. If
 *   there are several subfolders and no name says which are good, that is an error; name the folder with the option
 *   `good`. Masks and thumbnails are left out, and a process warning lists what was left out.
 * - A list, iterable or async iterable of images: paths, encoded buffers or raw pixels.
 *
 * Every image is read once and held at the training size. If one cannot be read, the training fails.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for an invalid option, or naming what differs if the checkpoint
 * belongs to another training; `NOT_FOUND`, `NO_IMAGES`, `INVALID_IMAGE`, `INVALID_FILE` if the weights do not fit or the
 * checkpoint is damaged, `IO`, `DOWNLOAD_FAILED`, `OUT_OF_MEMORY`, `DEVICE_UNAVAILABLE`, or a code about the addon.
 * `ABORTED` if the signal was aborted (`cause` is its reason), if `stop` was before the first batch, or if `onProgress`
 * or the iterable threw (`cause` is what it threw).
 */
export function train(images: ImageSource, options: TrainOptions = {}): Promise<Detector> {
  return trainToFile(images, options);
}

/**
 * Like {@link train}, for a model that will be saved: checks before the work whether it can be.
 *
 * @param out Where the model will be saved.
 * @throws ReverseDistillationError as {@link train} and {@link requireRoom}
 */
export async function trainToFile(
  images: ImageSource,
  options: TrainOptions,
  out?: string,
): Promise<Detector> {
  const resolved = resolveTrainOptions(options);
  const { signal, stop, threads, batching } = resolved;
  // Until the first batch there is no detector to return, so a stop is an abort.
  const prepared = await withAnySignal([signal, stop], (either) =>
    prepare(images, { ...resolved, signal: either }, out),
  );
  const { addon, native, model, trained, inputs } = prepared;
  try {
    const training = await trainPrepared(prepared, resolved);
    const calibration = await calibrateHeldOut(prepared, resolved);
    return createDetector({
      ...{ addon, native, model, training, calibration, trained },
      ...{ threads, batching, inputs },
    });
  } catch (error) {
    await native.dispose();
    throw fromNative(error);
  } finally {
    prepared.set.dispose();
  }
}

/** Calibrates thresholds on the images that were held out, if there are any. */
async function calibrateHeldOut(
  { addon, native, heldOut, masks, progress }: PreparedTraining,
  { calibrate, threads, signal }: ResolvedTrainOptions,
): Promise<StoredCalibration | undefined> {
  if (calibrate === undefined || heldOut.length === 0) return undefined;
  const score: ScoreBatch = (images) =>
    scoreInside(images, masks, lend, (lent) =>
      cancellable(addon, signal, (token) => native.score(lent, threads, token)),
    );
  const { stored } = await calibrateOn(
    heldOut,
    score,
    pickOptions(rateOptions, calibrate),
    async (images) => {
      progress.call({ phase: "calibrating", images, total: heldOut.length });
      await progress.settled(signal);
    },
  );
  return stored;
}

/** Trains the model, and returns a description of the training. */
async function trainPrepared(
  prepared: PreparedTraining,
  options: ResolvedTrainOptions,
): Promise<TrainingDescription> {
  const { addon, native, set, identity, machine, resumed, started, progress } = prepared;
  const { epochs, checkpoint, threads, featureMemory, featureDisk, signal } = options;
  const { images, teacherWeights, imagesSha256 } = identity;
  const settings = pickOptions(omitOptions(trainingOptions, "epochs"), identity.options);
  const seconds = () => (resumed?.progress.seconds ?? 0) + (performance.now() - started) / 1000;
  const losses = await runTraining({
    ...{ addon, native, set, options, resumed, progress, seconds },
    config: {
      ...settings,
      ...trainingLength(epochs),
      featureMemory,
      featureDisk,
      featureFolder: tmpdir(),
      threads,
    },
    writer: checkpoint && new CheckpointWriter(checkpoint.path, { identity, machine }, progress, signal),
  });
  await progress.settled(signal);
  const { device, package: packageVersion, libtorch } = machine;
  const run: TrainingRun = {
    date: new Date().toISOString(),
    seconds: seconds(),
    losses,
    imagesSha256,
    device,
    precision: native.config.precision,
    package: packageVersion,
    libtorch,
  };
  return { images, epochs: losses.length, ...settings, teacherWeights, run };
}
