import type { Backbone } from "../../lib/options/model.js";
import type { Environment } from "../environment.js";
import { ResultsFile } from "../results-file.js";

/** The measurements for one backbone, at 256 x 256 with the layout `paper`. */
export interface OnnxResult {
  backbone: Backbone;
  /** Sizes of the files. */
  bytes: {
    bundle: number;
    bundleFloat16: number;
    bundleWithoutTeacher: number;
    onnx: number;
    onnxFloat16: number;
  };
  /** Times to score images of the network's size; null if they were not measured. */
  times: Timing[] | null;
  environment: Environment & { onnxruntime: string };
}

/** The detector in its precisions, and ONNX Runtime in float32. */
export const sides = ["float32", "bfloat16", "int8", "onnxruntime"] as const;
export type Side = (typeof sides)[number];

/** The times of an image, where `batch` images are scored at a time. */
export interface Timing {
  batch: number;
  threads: number;
  /** Without what this processor cannot compute. */
  milliseconds: Partial<Record<Side, Spread>>;
}

/** The spread of repeated measurements. */
export interface Spread {
  median: number;
  /** 10th percentile. */
  low: number;
  /** 90th percentile. */
  high: number;
}

export const results = new ResultsFile<OnnxResult>("onnx.json", ({ backbone }) => backbone);
