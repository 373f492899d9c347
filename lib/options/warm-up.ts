import { abortOptions } from "./computing.js";
import { wholeNumber } from "./kind.js";
import { optional, type GivenOptions, type ResolvedOptions } from "./option.js";

const ownOptions = {
  /**
   * The largest batch to prepare for.
   * @defaultValue `batching.maxBatch` of the detector
   */
  batchSize: optional(wholeNumber(1, 1024), { defaultText: "`batching.maxBatch` of the detector" }),
};

/** The options of `Detector.warmUp`. */
export const warmUpOptions = { ...ownOptions, ...abortOptions };

/** What a detector is prepared for. */
export interface WarmUpOptions extends GivenOptions<typeof ownOptions>, GivenOptions<typeof abortOptions> {}

/** What a detector is prepared for, checked. */
export type ResolvedWarmUpOptions = ResolvedOptions<typeof warmUpOptions>;
