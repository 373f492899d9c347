import { abortOptions, computingOptions } from "./computing.js";
import { optional, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";
import { scoringPrecisionOptions } from "./precision.js";
import { downloadOptions } from "./progress.js";
import { teacherWeights } from "./weights.js";

/** The teacher's weights, for a model file that lacks them. */
export const referredWeightsOptions = {
  /**
   * The teacher's weights, for a model that was saved without its teacher: a path, or "imagenet", as for `train`.
   * @defaultValue torchvision's weights for the backbone, if they are in the cache
   */
  weights: optional(teacherWeights, {
    short: "w",
    defaultText: "torchvision's weights for the backbone, if they are in the cache",
    help: "the teacher's weights, for a model that was saved without its teacher",
  }),
};

/** The options of `Detector.load`. */
export const loadOptions = {
  ...referredWeightsOptions,
  ...scoringPrecisionOptions,
  ...computingOptions,
  ...abortOptions,
  ...downloadOptions,
};

/** How a saved detector is loaded. */
export interface LoadOptions
  extends
    GivenOptions<typeof referredWeightsOptions>,
    GivenOptions<typeof scoringPrecisionOptions>,
    GivenOptions<typeof computingOptions>,
    GivenOptions<typeof abortOptions>,
    GivenOptions<typeof downloadOptions> {}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function resolveLoadOptions(options: LoadOptions = {}): ResolvedOptions<typeof loadOptions> {
  return resolveOptions(loadOptions, options);
}
