import type { Distribution } from "../cpu/compare.js";
import type { Environment } from "../environment.js";
import { ResultsFile } from "../results-file.js";
import type { MapCase } from "./maps.js";

/** The measurements on one map. */
export interface RegionsResult extends MapCase {
  regions: number;
  /** Corners of all polygons. */
  corners: number;
  /** Seconds of the native call, until its promise settles. */
  native: Distribution;
  /** Seconds of `findRegions`, which copies the map and makes objects of the result. */
  facade: Distribution;
  /** The system's load average over the minute before: above 1, other work took the processor's time too. */
  load: number;
  environment: Environment;
}

export const results = new ResultsFile<RegionsResult>(
  "regions.json",
  ({ kind, side }) => `${String(side).padStart(5, "0")} ${kind}`,
);
