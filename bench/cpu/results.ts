import type { Environment } from "../environment.js";
import { ResultsFile } from "../results-file.js";
import type { Comparison } from "./compare.js";

/** A comparison, and the environment that it was made in. */
export interface CpuResult extends Comparison {
  quick: boolean;
  environment: Environment & { torch: string; threads: number };
}

export const results = new ResultsFile<CpuResult>("cpu.json", ({ job }) => job);
