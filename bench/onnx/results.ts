import type { Backbone } from "../../lib/options/model.js";
import type { Environment } from "../environment.js";
import { ResultsFile } from "../results-file.js";

/** What was measured of one backbone, at 256 x 256 and the layout `paper`. */
export interface OnnxResult {
  backbone: Backbone;
  /** Bytes of files. */
  bytes: {
    bundle: number;
    bundleFloat16: number;
    bundleWithoutTeacher: number;
    onnx: number;
    onnxFloat16: number;
  };
  /** Milliseconds that one image of the network's size takes, one after the other; null where none were taken. */
  milliseconds: { detector: Spread; onnx: Spread; onnxFloat16: Spread } | null;
  environment: Environment & { onnxruntime: string };
}

/** Of repeated measurements. */
export interface Spread {
  median: number;
  /** The tenth and the ninetieth of a hundred. */
  low: number;
  high: number;
}

export const results = new ResultsFile<OnnxResult>("onnx.json", ({ backbone }) => backbone);
