import type { Environment } from "../environment.js";
import { ResultsFile } from "../results-file.js";
import type { TrainingParity, TrainingSettings } from "./training-run.js";

/** The same training, by the addon and by the Python reference. */
export interface ParityResult extends TrainingParity {
  dataset: string;
  backbone: string;
  layout: string;
  imageSize: number;
  settings: TrainingSettings;
  environment: Environment;
}

/** bench/results/parity.json */
export const results = new ResultsFile<ParityResult>("parity.json", keyOf);

/** Identifies a result. */
export function keyOf({
  dataset,
  backbone,
  layout,
  imageSize,
  settings,
}: Omit<ParityResult, keyof TrainingParity | "environment">): string {
  return JSON.stringify([dataset, backbone, layout, imageSize, settings]);
}
