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
  /** Time to score one image of the network's size; null if it was not measured. */
  milliseconds: { detector: Spread; onnx: Spread; onnxFloat16: Spread } | null;
  environment: Environment & { onnxruntime: string };
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
