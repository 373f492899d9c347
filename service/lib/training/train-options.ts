import type { TrainOptions } from "reverse-distillation";
import type { LoadedVersion } from "../models/loaded-version.js";
import type { Training } from "./training.js";

/** How a new version is trained: it differs from the one that it challenges in its images and weights alone. */
export function trainOptionsOf(
  { detector, path }: LoadedVersion,
  { start, epochs }: Training,
  threads: number,
): TrainOptions {
  const { precision, device, ...model } = detector.config;
  return {
    ...model,
    // Nobody trains in the precisions of detectors that were made smaller for scoring.
    ...(precision !== "float16" && precision !== "int8" && { precision }),
    ...(start === "imagenet" ? { weights: "imagenet" } : { warmStart: path }),
    ...{ epochs, threads, device: device as NonNullable<TrainOptions["device"]> },
    // A version without thresholds gives no verdicts and could not challenge another one.
    calibrate: true,
  };
}
