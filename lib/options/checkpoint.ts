import { abortOptions, computingOptions } from "./computing.js";
import { modelOptions } from "./model.js";
import { omitOptions, required, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";
import { scoringPrecisionOptions } from "./precision.js";
import { downloadOptions } from "./progress.js";
import { teacherWeights } from "./weights.js";

/** What the authors' code did not store, and no default can stand for. */
const authorsOptions = {
  /** The teacher's architecture. The authors used "wide_resnet50_2". */
  backbone: required(modelOptions.backbone.kind, { help: "the teacher's architecture" }),
  /** The teacher's weights, as for `train`: "imagenet", or a file. The authors used torchvision's. */
  weights: required(teacherWeights, {
    short: "w",
    help: "the teacher's weights: a .pth or safetensors file, or \"imagenet\" for torchvision's",
  }),
};

/** A checkpoint fits the layout of the authors' code only. */
const otherModelOptions = omitOptions(modelOptions, "backbone", "layout");

/** The options of `Detector.fromCheckpoint`. */
export const checkpointOptions = {
  ...authorsOptions,
  ...otherModelOptions,
  ...scoringPrecisionOptions,
  ...computingOptions,
  ...abortOptions,
  ...downloadOptions,
};

/** What a checkpoint does not say of the detector that it was part of. */
export interface CheckpointOptions
  extends
    GivenOptions<typeof authorsOptions>,
    GivenOptions<typeof otherModelOptions>,
    GivenOptions<typeof scoringPrecisionOptions>,
    GivenOptions<typeof computingOptions>,
    GivenOptions<typeof abortOptions>,
    GivenOptions<typeof downloadOptions> {}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function resolveCheckpointOptions(
  options: CheckpointOptions,
): ResolvedOptions<typeof checkpointOptions> {
  return resolveOptions(checkpointOptions, options);
}
