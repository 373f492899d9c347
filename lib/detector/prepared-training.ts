import { basename, resolve } from "node:path";
import { throwIfAborted, untilAborted } from "../errors/abort.js";
import { Callback } from "../errors/callback.js";
import { ReverseDistillationError } from "../errors/error.js";
import { openTrainingSource } from "../evaluation/training-images.js";
import { previousOf } from "../files/atomic-file.js";
import { requireSeparate, type NamedFile } from "../files/outputs.js";
import { requireRoom, type PlannedFile } from "../files/room.js";
import { printable } from "../files/system-path.js";
import { frameOf } from "../image/fit.js";
import type { ImageSource } from "../image/source.js";
import { parts } from "../model-file/detector-tensors.js";
import { hashTeacher } from "../model-file/hash.js";
import {
  checkpointedOptions,
  type TrainingCheckpoint,
  type TrainingIdentity,
  type TrainingMachine,
} from "../model-file/training-checkpoint.js";
import type { Addon, NativeImageSet, NativeModel, Part } from "../native/addon.js";
import { loadAddon } from "../native/loader.js";
import { fromNative } from "../native/native-error.js";
import { modelOptions, type ModelDescription } from "../options/model.js";
import { omitOptions, pickOptions } from "../options/option.js";
import { trainingPrecisions } from "../options/precision.js";
import type { TrainProgress } from "../options/progress.js";
import type { ResolvedTrainOptions } from "../options/train.js";
import { elementCount } from "../tensor/element-count.js";
import { elementSize } from "../tensor/element-size.js";
import { InterestMasks } from "../regions/interest-masks.js";
import { readInterest } from "../regions/read-interest.js";
import { findTeacherWeights, loadTeacherWeights, warnOfRandomTeacher } from "../teacher/weights.js";
import { version } from "../version.js";
import type { NamedImage } from "./calibrator.js";
import { createModel } from "./parts.js";
import { resolvePlace } from "./place.js";
import { findResumed, requireSameImages, requireSameOptions, roomForCheckpoints } from "./resume.js";
import { stageImages } from "./staged-images.js";
import { startFrom, type EarlierModel } from "./warm-start.js";

/** A training that can begin: the model has its teacher, the images are read, and outputs can be written. */
export interface PreparedTraining {
  addon: Addon;
  native: NativeModel;
  model: ModelDescription;
  set: NativeImageSet;
  masks: InterestMasks;
  /** The images that are not in the set, because thresholds are calibrated on them. */
  heldOut: readonly NamedImage[];
  /** Short digests of the images in the set, and of those that an earlier model was trained on. */
  trained: readonly string[];
  identity: TrainingIdentity;
  machine: TrainingMachine;
  /** The checkpoint to start from, if there is one. */
  resumed: TrainingCheckpoint | undefined;
  /** The files that were read. They must not be overwritten. */
  inputs: NamedFile[];
  /** When the reading of the images began, as `performance.now()`. */
  started: number;
  progress: Callback<[TrainProgress]>;
}

/**
 * Does everything that comes before the first batch. What can go wrong is found out in the order of how long it takes.
 *
 * @param out Where the model will be saved, if that is known.
 * @throws ReverseDistillationError as `train`
 */
export async function prepare(
  images: ImageSource,
  options: ResolvedTrainOptions,
  out: string | undefined,
): Promise<PreparedTraining> {
  const { signal, tiles } = options;
  throwIfAborted(signal);
  const source = await openTrainingSource(images, { good: options.good, format: options.format });
  const addon = await untilAborted(signal, loadAddon());
  const place = resolvePlace(addon, options.device, options.precision, trainingPrecisions);
  const { warmStart } = options;
  const weights = warmStart === undefined ? await findTeacherWeights(options) : options.weights;
  const inputs = source.files.map((path) => ({ name: "the training image", path }));
  if (weights !== undefined) inputs.push({ name: "the weights", path: weights });
  if (warmStart !== undefined) inputs.push({ name: "the earlier model", path: warmStart });
  const roi = await readInterest(options.roi, options);
  if (typeof options.roi === "string") inputs.push({ name: "the region of interest", path: options.roi });
  // The levels are known once the images are.
  const unlevelled = {
    ...pickOptions(omitOptions(modelOptions, "levels", "roi", "tiles"), options),
    ...(roi && { roi }),
    ...(tiles && { tiles }),
  };
  const masks = new InterestMasks(roi, frameOf(unlevelled));
  const native = await createModel(addon, unlevelled, place, options.seed);
  let set: NativeImageSet | undefined;
  try {
    set = new addon.ImageSet(native.config);
    await requireOutputs(native, options, out, inputs);
    let earlier: EarlierModel | undefined;
    if (warmStart !== undefined) earlier = await startFrom(warmStart, native, unlevelled, options);
    else if (weights === undefined) warnOfRandomTeacher(options.backbone);
    else await loadTeacherWeights(native, weights, signal);
    const machine: TrainingMachine = {
      device: native.config.device,
      threads: options.threads === 0 ? addon.info().threads : options.threads,
      package: version,
      libtorch: addon.info().libtorch,
    };
    const resumed = await findResumed(options.resume, options.checkpoint, signal);
    const named = {
      teacherSha256:
        options.checkpoint === undefined && resumed === undefined ? "" : await hashTeacher(native, signal),
      teacherWeights: earlier ? earlier.teacherWeights : weights === undefined ? null : basename(weights),
    };
    const trainedWith = (images: number): TrainingIdentity["options"] => ({
      ...pickOptions(checkpointedOptions, options),
      // An image has one tile or many.
      batchSize: tiles === undefined ? Math.min(options.batchSize, images) : options.batchSize,
      precision: place.precision as TrainingIdentity["options"]["precision"],
    });
    if (resumed !== undefined) {
      const wanted = { ...named, model: unlevelled, options: trainedWith(resumed.identity.images) };
      requireSameOptions(resumed, wanted, machine, options.epochs);
    }
    const progress = new Callback("onProgress", options.onProgress);
    const started = performance.now();
    const { imagesSha256, trained, levels, heldOut } = await stageImages(
      source,
      set,
      masks,
      progress,
      options,
      earlier,
    );
    const model: ModelDescription = { ...unlevelled, ...(levels && { levels }) };
    const identity = { ...named, model, options: trainedWith(set.length), images: set.length, imagesSha256 };
    if (resumed !== undefined) {
      requireSameImages(resumed, identity);
      const { epochs, batches } = resumed.progress;
      progress.call({ phase: "resumed", path: resumed.path, epochs, batches });
    }
    return {
      ...{ addon, native, model, set, masks, heldOut },
      trained: [...new Set([...(earlier?.trained ?? []), ...trained])],
      ...{ identity, machine, resumed, inputs, started, progress },
    };
  } catch (error) {
    set?.dispose();
    await native.dispose();
    throw fromNative(error);
  }
}

/** Checks that the model and the checkpoints can be written, and that they overwrite nothing that is read. */
async function requireOutputs(
  native: NativeModel,
  { checkpoint, weightAverage }: Pick<ResolvedTrainOptions, "checkpoint" | "weightAverage">,
  out: string | undefined,
  inputs: readonly NamedFile[],
): Promise<void> {
  const outputs: PlannedFile[] = [];
  if (out !== undefined) outputs.push({ name: "the model", path: out, bytes: sizeOf(native, parts) });
  if (checkpoint !== undefined) {
    const { path } = checkpoint;
    const previous = await previousOf(path);
    if (out !== undefined && [path, previous].some((each) => resolve(each) === resolve(out))) {
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `The checkpoints and the model cannot have the same path, ${printable(out)}. Choose another path for one of them.`,
      );
    }
    // The weights, Adam's two moments of each, and their average.
    const copies = weightAverage === "none" ? 3 : 4;
    const bytes = await roomForCheckpoints(path, copies * sizeOf(native, ["bn", "decoder"]));
    outputs.push(
      { name: "the checkpoints", path, bytes },
      { name: "the previous checkpoint", path: previous, bytes: 0 },
    );
    await requireSeparate(outputs.slice(-2), inputs);
  }
  await requireRoom(outputs);
}

/** The size of parts in a file, in bytes. */
function sizeOf(native: NativeModel, chosen: readonly Part[]): number {
  return chosen
    .flatMap((part) => native.outline(part))
    .reduce((sum, { dtype, shape }) => sum + elementSize[dtype]! * elementCount(shape), 0);
}
