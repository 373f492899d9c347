import { abortOptions } from "./computing.js";
import { imageOptions } from "./images.js";
import { choice, wholeNumber } from "./kind.js";
import { option, type GivenOptions, type ResolvedOptions } from "./option.js";
import { regionsKind, type RegionLimits } from "./regions.js";

/** What a result contains. */
const resultOptions = {
  /**
   * Whether to find the regions of defects, between the detector's thresholds `reject` and `outline`: true, or
   * `{ minArea, maxCount }` to limit them. It needs thresholds; see docs/regions.md.
   * @defaultValue false
   */
  regions: option(regionsKind, { default: false }),
  /**
   * The size of the map: "model" is the detector's `imageSize`, and "original" brings the map to the size of the image.
   * @defaultValue "model"
   */
  map: option(choice(["model", "original"]), { default: "model" }),
};

/** Options that ask for regions. */
export interface RegionsAsked {
  regions: true | RegionLimits;
}

/** The options of `Detector.score`. */
export const scoreOptions = { ...resultOptions, ...imageOptions, ...abortOptions };

/** How one image is scored, checked. */
export type ResolvedScoreOptions = ResolvedOptions<typeof scoreOptions>;

/** How one image is scored. */
export interface ScoreOptions
  extends
    GivenOptions<typeof resultOptions>,
    GivenOptions<typeof imageOptions>,
    GivenOptions<typeof abortOptions> {}

/** How many images are computed at a time. */
export const batchOptions = {
  /**
   * Number of images per batch. Smaller batches need less memory.
   * @defaultValue 8
   */
  batchSize: option(wholeNumber(1, 65_536), {
    default: 8,
    help: "images per batch; smaller batches need less memory",
  }),
};

/** The options of `Detector.scoreBatch`. */
export const scoreBatchOptions = { ...batchOptions, ...resultOptions, ...imageOptions, ...abortOptions };

/** How a list of images is scored. */
export interface ScoreBatchOptions
  extends
    GivenOptions<typeof batchOptions>,
    GivenOptions<typeof resultOptions>,
    GivenOptions<typeof imageOptions>,
    GivenOptions<typeof abortOptions> {}
