import { abortOptions } from "./computing.js";
import { imageOptions } from "./images.js";
import { wholeNumber } from "./kind.js";
import { option, type GivenOptions } from "./option.js";

/** The options of `Detector.score`. */
export const scoreOptions = { ...imageOptions, ...abortOptions };

/** How one image is scored. */
export interface ScoreOptions extends GivenOptions<typeof imageOptions>, GivenOptions<typeof abortOptions> {}

/** How many images are computed at a time. */
export const batchOptions = {
  /**
   * Number of images per batch. Smaller batches need less memory.
   * @defaultValue 8
   */
  batchSize: option(wholeNumber(1, 65_536), { default: 8 }),
};

/** The options of `Detector.scoreBatch`. */
export const scoreBatchOptions = { ...batchOptions, ...imageOptions, ...abortOptions };

/** How a list of images is scored. */
export interface ScoreBatchOptions
  extends
    GivenOptions<typeof batchOptions>,
    GivenOptions<typeof imageOptions>,
    GivenOptions<typeof abortOptions> {}
