import { trainDefaults, type TrainOptions } from "reverse-distillation";
import type { LoadedVersion } from "../models/loaded-version.js";
import type { Training } from "./training.js";

/** How a new version is trained: it differs from the one that it challenges in its images and weights alone. */
export function trainOptionsOf(
  { detector, path }: LoadedVersion,
  { start, epochs }: Training,
  threads: number,
): TrainOptions {
  const { config } = detector;
  return {
    ...config,
    // How scores are computed says nothing of how to train.
    precision: trainDefaults.precision,
    ...(start === "imagenet" ? { weights: "imagenet" } : { warmStart: path }),
    ...{ epochs, threads, device: config.device as NonNullable<TrainOptions["device"]> },
    // A version without thresholds gives no verdicts and could not challenge another one.
    calibrate: true,
  };
}
