import type { Metric } from "../../lib/evaluation/metrics/index.js";
import type { Backbone, Layout, Normalisation } from "../../lib/options/model.js";
import type { Recipe } from "../../lib/options/recipe.js";
import type { Loss } from "../../lib/options/training.js";
import type { Environment } from "../environment.js";
import { ResultsFile } from "../results-file.js";

/** How a detector of the benchmark is trained. All other options have the defaults of `train`. */
export interface Settings {
  backbone: Backbone;
  layout: Layout;
  recipe: Recipe;
  loss: Loss;
  normalisation: Normalisation;
  imageSize: number;
  epochs: number;
  batchSize: number;
  seed: number;
  /** Name of the weights file; null for a random teacher. */
  teacherWeights: string | null;
}

interface Run {
  settings: Settings;
  trainSeconds: number;
  scoreSeconds: number;
  environment: Environment;
}

/** A result for a data set in the layout of MVTec AD: normal training images, normal and defective test images. */
export interface DefectResult extends Run {
  protocol: "defects";
  /** Name of the data set's folder. */
  subject: string;
  images: { train: number; good: number; defective: number; withMask: number };
  imageAuroc: Metric;
  imageAveragePrecision: Metric;
  pixelAuroc: Metric;
  pixelAveragePrecision: Metric;
  /** Per-region overlap up to a false-positive rate of 0.3, over the whole test set. */
  proDataset: Metric;
  /** The same per image, averaged over the images. */
  proImageMean: Metric;
}

/** A result for a classification data set with one class as normal and all others as anomalous. */
export interface OneClassResult extends Run {
  protocol: "fashion-mnist";
  /** Name of the normal class. */
  subject: string;
  images: { train: number; normal: number; anomalous: number };
  /** With the image score, which is the maximum of the map. */
  imageAuroc: Metric;
  /** With the mean of the map instead, for comparison. The method does not use it. */
  imageAurocOfMeans: Metric;
}

export type Result = DefectResult | OneClassResult;

/** bench/results/accuracy.json */
export const results = new ResultsFile<Result>("accuracy.json", keyOf);

/** Identifies a result. */
export function keyOf({
  protocol,
  subject,
  settings,
}: Pick<Result, "protocol" | "subject" | "settings">): string {
  const {
    backbone,
    layout,
    recipe,
    loss,
    normalisation,
    imageSize,
    epochs,
    batchSize,
    seed,
    teacherWeights,
  } = settings;
  return JSON.stringify([
    ...[protocol, subject, backbone, teacherWeights, layout, recipe, loss],
    ...[normalisation, imageSize, epochs, batchSize, seed],
  ]);
}
