import { abortOptions } from "./computing.js";
import { wholeNumber } from "./kind.js";
import { option, type GivenOptions } from "./option.js";

/** The options of `Detector.score`. */
export interface ScoreOptions extends GivenOptions<typeof abortOptions> {}

/** How many images are held at once. */
const batchOptions = {
  /**
   * Images computed at once, from 1. It bounds the memory.
   * @defaultValue 8
   */
  batchSize: option(wholeNumber(1, 65_536), { default: 8 }),
};

/** The options of `Detector.scoreBatch`. */
export const scoreBatchOptions = { ...batchOptions, ...abortOptions };

/** How many images are scored. */
export interface ScoreBatchOptions
  extends GivenOptions<typeof batchOptions>, GivenOptions<typeof abortOptions> {}
