import type { Comparison } from "../cpu/compare.js";
import type { Environment } from "../environment.js";
import { ResultsFile } from "../results-file.js";

/** The measurements on one data set. */
export interface TilesResult {
  subject: string;
  /** Side of the tiles, which is that of the networks' input, and their overlap. */
  size: number;
  overlap: number;
  /** Images whose maps were looked at. */
  images: number;
  /** The mean step between neighbouring values of the maps across the borders of tiles, divided by that elsewhere. */
  steps: number;
  /**
   * The score of a defect at the corner of tiles, divided by that of the same defect in the middle of one: the median over
   * the images, the least and the largest.
   */
  cut: { median: number; least: number; largest: number; defects: number };
  /** Seconds for all tiles of one large image, as one image and as single ones. */
  speed: Comparison;
  environment: Environment;
}

export const results = new ResultsFile<TilesResult>("tiles.json", ({ subject }) => subject);
