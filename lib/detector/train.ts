import { tmpdir } from "node:os";
import { basename } from "node:path";
import { throwIfAborted, untilAborted } from "../errors/abort.js";
import { Callback } from "../errors/callback.js";
import { ReverseDistillationError } from "../errors/error.js";
import { openTrainingSource } from "../evaluation/training-images.js";
import { requireRoom } from "../files/room.js";
import { ImagesDigest } from "../image/digest.js";
import { LevelMeter } from "../image/level-meter.js";
import { decodeAhead, type ImageSource, type OpenedSource } from "../image/source.js";
import type { TrainingDescription, TrainingRun } from "../model-file/description.js";
import { parts } from "../model-file/detector-tensors.js";
import { type Addon, type NativeImageSet, type NativeModel } from "../native/addon.js";
import { cancellable } from "../native/cancellable.js";
import { loadAddon } from "../native/loader.js";
import { fromNative } from "../native/native-error.js";
import type { LevelRange } from "../options/levels.js";
import { modelOptions, type ModelDescription } from "../options/model.js";
import { omitOptions, pickOptions } from "../options/option.js";
import type { TrainProgress } from "../options/progress.js";
import { resolveTrainOptions, type ResolvedTrainOptions, type TrainOptions } from "../options/train.js";
import { trainingLength, trainingOptions } from "../options/training.js";
import { findTeacherWeights, loadTeacherWeights, warnOfRandomTeacher } from "../teacher/weights.js";
import { version } from "../version.js";
import { createDetector, type Detector } from "./detector.js";
import { createModel } from "./parts.js";
import { resolvePlace } from "./place.js";

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
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for an invalid option, `NOT_FOUND`, `NO_IMAGES`, `INVALID_IMAGE`,
 * `INVALID_FILE` if the weights do not fit, `IO`, `DOWNLOAD_FAILED`, `OUT_OF_MEMORY`, `DEVICE_UNAVAILABLE`, or a code
 * about the addon. `ABORTED` if the signal was aborted (`cause` is its reason), or if `onProgress` or the iterable
 * threw (`cause` is what it threw).
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
  throwIfAborted(resolved.signal);
  const source = await openTrainingSource(images, { good: resolved.good, format: resolved.format });
  const addon = await untilAborted(resolved.signal, loadAddon());
  const place = resolvePlace(addon, resolved.device, resolved.precision);
  const weights = await findTeacherWeights(resolved);
  const model = pickOptions(omitOptions(modelOptions, "levels"), resolved);
  const native = await createModel(addon, model, place, resolved.seed);
  try {
    if (out !== undefined) await requireRoom([{ name: "the model", path: out, bytes: sizeOf(native) }]);
    if (weights === undefined) warnOfRandomTeacher(resolved.backbone);
    else await loadTeacherWeights(native, weights, resolved.signal);
    const { training, levels } = await trainModel(addon, native, source, { ...resolved, weights });
    const { threads, batching } = resolved;
    const inputs = source.files.map((path) => ({ name: "the training image", path }));
    if (weights !== undefined) inputs.push({ name: "the weights", path: weights });
    const described: ModelDescription = { ...model, ...(levels && { levels }) };
    return createDetector({ addon, native, model: described, training, threads, batching, inputs });
  } catch (error) {
    await native.dispose();
    throw fromNative(error);
  }
}

/** The size of a file with all weights, in bytes. */
function sizeOf(native: NativeModel): number {
  return parts.reduce(
    (sum, part) => sum + native.tensors(part).reduce((all, { data }) => all + data.byteLength, 0),
    0,
  );
}

/** Reads the images and trains the model on them. */
async function trainModel(
  addon: Addon,
  native: NativeModel,
  source: OpenedSource,
  options: ResolvedTrainOptions,
): Promise<{ training: TrainingDescription; levels: LevelRange | undefined }> {
  const { epochs, ...settings } = pickOptions(trainingOptions, options);
  const { threads, featureMemory, featureDisk, signal, weights } = options;
  const progress = new Callback("onProgress", options.onProgress);
  const [height, width] = options.imageSize;
  const set = new addon.ImageSet(height, width);
  try {
    const started = performance.now();
    const { imagesSha256, levels } = await stage(source, set, progress, options);
    settings.batchSize = Math.min(settings.batchSize, set.length);
    const losses: number[] = [];
    await cancellable(addon, signal, async (token) => {
      progress.onFailure = () => token.cancel();
      const room = { featureMemory, featureDisk, featureFolder: tmpdir() };
      const config = { ...settings, ...trainingLength(epochs), ...room, threads };
      await native.train(set, config, token, (report) => {
        losses.push(report.loss);
        progress.call({ phase: "training", ...report });
      });
    }).finally(() => progress.throwIfFailed());
    await progress.settled(signal);
    const teacherWeights = weights === undefined ? null : basename(weights);
    const run: TrainingRun = {
      date: new Date().toISOString(),
      seconds: (performance.now() - started) / 1000,
      losses,
      imagesSha256,
      device: native.config.device,
      precision: native.config.precision,
      package: version,
      libtorch: addon.info().libtorch,
    };
    const training = { images: set.length, epochs: losses.length, ...settings, teacherWeights, run };
    return { training, levels };
  } finally {
    set.dispose();
  }
}

/** Reads the images into the set, with the levels that are given or derived from them. @returns their digest too. */
async function stage(
  { images, total }: OpenedSource,
  set: NativeImageSet,
  progress: Callback<[TrainProgress]>,
  { levels: given, maxPixels, signal }: ResolvedTrainOptions,
): Promise<{ imagesSha256: string; levels: LevelRange | undefined }> {
  const digest = new ImagesDigest();
  const meter = new LevelMeter();
  for await (const image of decodeAhead(images, { lent: true, levels: given, maxPixels, signal })) {
    if (given === "auto") meter.add(image);
    await Promise.all([set.add(image), digest.add(image)]);
    progress.call({ phase: "reading", images: set.length, total });
    await progress.settled(signal);
    throwIfAborted(signal);
  }
  if (set.length === 0) {
    throw new ReverseDistillationError("NO_IMAGES", "The list or iterable of training images is empty.");
  }
  const levels = given === "auto" ? meter.levels() : given;
  if (levels !== undefined) set.setLevels(levels.black, levels.white);
  return { imagesSha256: digest.digest(), levels };
}
