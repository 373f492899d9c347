import type { Metric } from "../../lib/evaluation/metrics/index.js";
import type { Backbone, Layout, Loss, Normalisation } from "../../lib/options/model.js";
import type { Environment } from "../environment.js";
import { ResultsFile } from "../results-file.js";

/** How a detector of the benchmark is made; what is not named here has the default of `train`. */
export interface Settings {
  backbone: Backbone;
  layout: Layout;
  loss: Loss;
  normalisation: Normalisation;
  imageSize: number;
  epochs: number;
  batchSize: number;
  seed: number;
  /** Name of the file, or null for a random teacher. */
  teacherWeights: string | null;
}

interface Run {
  settings: Settings;
  trainSeconds: number;
  scoreSeconds: number;
  environment: Environment;
}

/** A data set in MVTec AD's layout: normal parts to train on, normal and defective ones to test on. */
export interface DefectResult extends Run {
  protocol: "defects";
  /** Name of the data set's folder. */
  subject: string;
  images: { train: number; good: number; defective: number; withMask: number };
  imageAuroc: Metric;
  imageAveragePrecision: Metric;
  pixelAuroc: Metric;
  pixelAveragePrecision: Metric;
  /** Per-region overlap up to a false-positive rate of 0.3, over the whole test set, and as a mean of images. */
  proDataset: Metric;
  proImageMean: Metric;
}

/** One class of a classification data set taken as normal, all others as anomalous. */
export interface OneClassResult extends Run {
  protocol: "fashion-mnist";
  /** Name of the normal class. */
  subject: string;
  images: { train: number; normal: number; anomalous: number };
  /** By the image score, the maximum of the map. */
  imageAuroc: Metric;
  /** By the mean of the map, which the method does not use; for comparison. */
  imageAurocOfMeans: Metric;
}

export type Result = DefectResult | OneClassResult;

/** bench/results/accuracy.json */
export const results = new ResultsFile<Result>("accuracy.json", keyOf);

/** What tells one result from another. */
export function keyOf({
  protocol,
  subject,
  settings,
}: Pick<Result, "protocol" | "subject" | "settings">): string {
  const { backbone, layout, loss, normalisation, imageSize, epochs, batchSize, seed, teacherWeights } =
    settings;
  return JSON.stringify([
    ...[protocol, subject, backbone, teacherWeights, layout, loss],
    ...[normalisation, imageSize, epochs, batchSize, seed],
  ]);
}
