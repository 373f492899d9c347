import { abortOptions, computingOptions } from "./computing.js";
import { positiveNumber, wholeNumber } from "./kind.js";
import { maxImageSide } from "./model.js";
import { option, optional, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";
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

/**
 * What a model file may ask for. Memory and time of scoring grow with these, so a file of unknown origin must not choose
 * them freely.
 */
export const modelLimitOptions = {
  /**
   * Largest side of the image size that a model file may ask for, in pixels: a file that asks for more is refused. Memory
   * and time grow with its square; up to 4096.
   * @defaultValue 2048
   */
  maxImageSize: option(wholeNumber(32, maxImageSide), {
    default: 2048,
    help: "largest side of the image size that a model file may ask for",
    placeholder: "<pixels>",
  }),
  /**
   * Largest `sigma` that a model file may ask for, in pixels: a file that asks for more is refused. Time grows with it; up
   * to 1000.
   * @defaultValue 100
   */
  maxSigma: option(positiveNumber(1000), {
    default: 100,
    help: "largest sigma that a model file may ask for",
    placeholder: "<pixels>",
  }),
};

/** The options of `Detector.load`. */
export const loadOptions = {
  ...referredWeightsOptions,
  ...modelLimitOptions,
  ...scoringPrecisionOptions,
  ...computingOptions,
  ...abortOptions,
  ...downloadOptions,
};

/** How a saved detector is loaded. */
export interface LoadOptions
  extends
    GivenOptions<typeof referredWeightsOptions>,
    GivenOptions<typeof modelLimitOptions>,
    GivenOptions<typeof scoringPrecisionOptions>,
    GivenOptions<typeof computingOptions>,
    GivenOptions<typeof abortOptions>,
    GivenOptions<typeof downloadOptions> {}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function resolveLoadOptions(options: LoadOptions = {}): ResolvedOptions<typeof loadOptions> {
  return resolveOptions(loadOptions, options);
}
