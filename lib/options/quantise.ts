import { abortOptions } from "./computing.js";
import { formatOptions, goodOptions } from "./dataset-format.js";
import { imageOptions } from "./images.js";
import { callback, wholeNumber } from "./kind.js";
import { option, optional, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";

const ownOptions = {
  /**
   * The most images to use, spread evenly over those that are passed; if their number is unknown, the first ones.
   * @defaultValue 128
   */
  images: option(wholeNumber(1, 100_000), {
    default: 128,
    help: "the most images to use, spread evenly over all",
  }),
};

const progressOptions = {
  /**
   * Called after each batch with the number of images seen so far, and of all that will be if it is known. If it throws,
   * the quantisation stops.
   */
  onProgress: optional(callback<(progress: { images: number; total: number | undefined }) => void>()),
};

/** The options of `Detector.quantise`. */
export const quantiseOptions = {
  ...goodOptions,
  ...formatOptions,
  ...ownOptions,
  ...imageOptions,
  ...abortOptions,
  ...progressOptions,
};

/** How `Detector.quantise` reads good images. */
export interface QuantiseOptions
  extends
    GivenOptions<typeof goodOptions>,
    GivenOptions<typeof formatOptions>,
    GivenOptions<typeof ownOptions>,
    GivenOptions<typeof imageOptions>,
    GivenOptions<typeof abortOptions>,
    GivenOptions<typeof progressOptions> {}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function resolveQuantiseOptions(options: QuantiseOptions): ResolvedOptions<typeof quantiseOptions> {
  return resolveOptions(quantiseOptions, options);
}
