import { abortOptions, computingOptions } from "./computing.js";
import { modelOptions, requireAgreement } from "./model.js";
import { levels } from "./levels.js";
import {
  omitOptions,
  option,
  required,
  resolveOptions,
  type GivenOptions,
  type ResolvedOptions,
} from "./option.js";
import { unquantisedPrecisionOptions } from "./precision.js";
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
const otherModelOptions = {
  ...omitOptions(modelOptions, "backbone", "layout", "levels"),
  /**
   * How values of more than 8 bits become the networks' range of 0 to 255. `{ depth: 12 }` makes 0 black and 4095 white;
   * `{ black, white }` names both. "full" uses the full range of each image's own depth: 16 bits, unless its file or its
   * raw pixels state fewer. 8-bit images are not affected.
   * @defaultValue "full"
   */
  levels: option(levels, {
    default: "full",
    help: "levels of images with more than 8 bits: full, a depth such as 12, or BLACK-WHITE such as 64-3900",
  }),
};

/** The options of `Detector.fromCheckpoint`. */
export const checkpointOptions = {
  ...authorsOptions,
  ...otherModelOptions,
  ...unquantisedPrecisionOptions,
  ...computingOptions,
  ...abortOptions,
  ...downloadOptions,
};

/** What a checkpoint does not say about its detector. */
export interface CheckpointOptions
  extends
    GivenOptions<typeof authorsOptions>,
    GivenOptions<typeof otherModelOptions>,
    GivenOptions<typeof unquantisedPrecisionOptions>,
    GivenOptions<typeof computingOptions>,
    GivenOptions<typeof abortOptions>,
    GivenOptions<typeof downloadOptions> {}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function resolveCheckpointOptions(
  options: CheckpointOptions,
): ResolvedOptions<typeof checkpointOptions> {
  const resolved = resolveOptions(checkpointOptions, options);
  requireAgreement(resolved);
  return resolved;
}
