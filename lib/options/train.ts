import { totalmem } from "node:os";
import { invalid } from "../errors/validate.js";
import { holdOutOptions } from "./calibration.js";
import { interruptionOptions } from "./checkpointing.js";
import { abortOptions, computingOptions } from "./computing.js";
import { formatOptions, goodOptions } from "./dataset-format.js";
import { imageOptions } from "./images.js";
import { bytes, callback, path } from "./kind.js";
import { modelOptions, requireAgreement } from "./model.js";
import {
  defaultsOf,
  option,
  optional,
  optionElse,
  resolveOptions,
  type DefaultOptions,
  type GivenOptions,
  type ResolvedOptions,
} from "./option.js";
import { trainingPrecisionOptions } from "./precision.js";
import type { TrainProgress } from "./progress.js";
import { recipeDefaults, recipeOptions } from "./recipe.js";
import { trainingOptions } from "./training.js";
import { teacherWeights } from "./weights.js";

/** The teacher's weights, for a new detector. */
const weightsOptions = {
  /**
   * ImageNet weights of the teacher: "imagenet", or the path of a file. "imagenet" means the weights that torchvision
   * publishes for the backbone (`IMAGENET1K_V1`); they are downloaded once into this package's cache. A file must use
   * torchvision's tensor names and be a safetensors file or a state dict written by PyTorch's `torch.save`; only
   * tensors are read, and nothing in it is run. `layer4` and `fc` are ignored. Without weights, the teacher is random
   * and detects much worse, and a `ReverseDistillationWarning` says so.
   * @defaultValue none
   */
  weights: optional(teacherWeights, {
    short: "w",
    defaultText: "none",
    help: 'ImageNet weights of the teacher: a .pth or safetensors file, or "imagenet" to download torchvision\'s',
  }),
};

/** Where the weights of bottleneck and decoder begin. */
const startOptions = {
  /**
   * The path of a model file whose weights the training continues from, such as when good parts were added. Backbone,
   * layout, layers, image size and normalisation must be those of the file. The teacher is the file's; give `weights`
   * only if the file was saved without it. Images that the earlier model was trained on are not held out for thresholds.
   * Adam and the learning rate start anew. A resumed training continues from its checkpoint instead.
   * @defaultValue random weights
   */
  warmStart: optional(path, {
    defaultText: "random weights",
    help: "a model file to continue from, with the same backbone, layout, layers and image size",
  }),
};

/** Where the teacher's features are kept. */
const featureOptions = {
  /**
   * Memory for the teacher's features, in bytes. The features never change, so they are computed in the first epoch
   * and kept if all of them fit; later epochs then skip the teacher, with the same results up to rounding. An image of
   * 256 x 256 needs 1.75 MiB with "resnet18" and "resnet34", and 7 MiB with the other backbones. 0 keeps none. On a
   * GPU, the features stay in its memory if they fit into half of what a step leaves free there, otherwise in the
   * machine's memory if they fit into this.
   * @defaultValue a quarter of the memory of the machine or container
   */
  featureMemory: optionElse(bytes, {
    otherwise: defaultFeatureMemory,
    defaultText: "a quarter of the memory of the machine or container",
    help: "memory for the teacher's features; if they fit, they are computed only once",
  }),
  /**
   * Disk space for the features if memory is too small, in bytes. They go to an unnamed file in the folder for
   * temporary files, which disappears when the training ends.
   * @defaultValue 0
   */
  featureDisk: option(bytes, { default: 0, help: "disk space for the features if memory is too small" }),
};

const progressOptions = {
  /**
   * Called while weights are downloaded, after each image read, after each epoch, when a checkpoint was written or
   * resumed, and while thresholds are calibrated. If it throws, the training is aborted.
   */
  onProgress: optional(callback<(progress: TrainProgress) => void>()),
};

/** The options of `train`. */
export const trainOptions = {
  ...goodOptions,
  ...formatOptions,
  ...weightsOptions,
  ...startOptions,
  ...modelOptions,
  ...recipeOptions,
  ...trainingOptions,
  ...trainingPrecisionOptions,
  ...computingOptions,
  ...featureOptions,
  ...imageOptions,
  ...holdOutOptions,
  ...interruptionOptions,
  ...abortOptions,
  ...progressOptions,
};

// Extends the groups one by one, because the type of an object spread from them would lose their comments in editors.
/** How a detector is trained. Every option may be left out. */
export interface TrainOptions
  extends
    GivenOptions<typeof goodOptions>,
    GivenOptions<typeof formatOptions>,
    GivenOptions<typeof weightsOptions>,
    GivenOptions<typeof startOptions>,
    GivenOptions<typeof modelOptions>,
    GivenOptions<typeof recipeOptions>,
    GivenOptions<typeof trainingOptions>,
    GivenOptions<typeof trainingPrecisionOptions>,
    GivenOptions<typeof computingOptions>,
    GivenOptions<typeof featureOptions>,
    GivenOptions<typeof imageOptions>,
    GivenOptions<typeof holdOutOptions>,
    GivenOptions<typeof interruptionOptions>,
    GivenOptions<typeof abortOptions>,
    GivenOptions<typeof progressOptions> {}

/** The options after checking, with the defaults filled in. */
export type ResolvedTrainOptions = ResolvedOptions<typeof trainOptions>;

/** The defaults of `train`, for the options whose default is a constant. */
export interface TrainDefaults extends DefaultOptions<typeof trainOptions> {}

/** The defaults of `train`, for the options whose default is a constant. */
export const trainDefaults: TrainDefaults = defaultsOf(trainOptions);

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function resolveTrainOptions(options: TrainOptions = {}): ResolvedTrainOptions {
  const checked = resolveOptions(trainOptions, options);
  const resolved = { ...checked, ...recipeDefaults(checked.recipe, options) };
  if (resolved.resume === true && resolved.checkpoint === undefined) {
    throw invalid("resume", "the path of a checkpoint, unless the option checkpoint names one", true);
  }
  requireAgreement(resolved);
  return resolved;
}

/** A quarter of the memory of the machine or container, in bytes. It does not depend on how much is free. */
export function defaultFeatureMemory(): number {
  const allowed = process.constrainedMemory();
  return Math.floor((allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()) / 4);
}
