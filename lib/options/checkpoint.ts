import { abortOptions, computingOptions } from "./computing.js";
import { modelOptions } from "./model.js";
import { omitOptions, required, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";
import { scoringPrecisionOptions } from "./precision.js";
import { downloadOptions } from "./progress.js";
import { teacherWeights } from "./weights.js";

/** What a checkpoint does not contain and no default can replace. */
const authorsOptions = {
  /** The teacher's architecture. The authors use "wide_resnet50_2". */
  backbone: required(modelOptions.backbone.kind, { help: "the teacher's architecture" }),
  /** The teacher's weights, as for `train`: "imagenet", or the path of a file. The authors use torchvision's. */
  weights: required(teacherWeights, {
    short: "w",
    help: "the teacher's weights: a .pth or safetensors file, or \"imagenet\" for torchvision's",
  }),
};

/** A checkpoint always has the layout "official", so `layout` is not an option. */
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

/** What a checkpoint does not say about its detector. */
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
