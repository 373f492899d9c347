import { callback } from "./kind.js";
import { optional } from "./option.js";

/** What {@link TrainOptions.onProgress} is told. */
export type TrainProgress = DownloadingProgress | ReadingProgress | EpochProgress;

/** A part of the teacher's weights came over the network. */
export interface DownloadingProgress {
  phase: "downloading";
  /** Bytes there are so far. */
  bytes: number;
  /** Bytes it will be; undefined where the server does not say. */
  total: number | undefined;
}

/** An image was read and resized. */
export interface ReadingProgress {
  phase: "reading";
  /** Images read so far. */
  images: number;
  /** Images there are; undefined while an iterable has not ended. */
  total: number | undefined;
}

/** An epoch ended. `epoch` counts from 1, `loss` is the mean over the epoch's images, `secondsLeft` an estimate. */
export interface EpochProgress extends EpochReport {
  phase: "training";
}

/** What is known after an epoch. */
export interface EpochReport {
  /** From 1. */
  epoch: number;
  /** Of the training; with `epochs: "auto"` at most, until the last report. */
  epochs: number;
  /** Mean of the loss over the epoch's images. */
  loss: number;
  imagesPerSecond: number;
  /** Time to the end of all `epochs` if every one takes as long as this one, in seconds. */
  secondsLeft: number;
  /** Where the teacher's features are kept; "recomputed": they are not, and every epoch computes them. */
  features: "memory" | "file" | "recomputed";
}

/** For calls that may download the teacher's weights, and nothing else. */
export const downloadOptions = {
  /** Called while the teacher's weights are downloaded. If it throws, the call stops. */
  onProgress: optional(callback<(progress: DownloadingProgress) => void>()),
};
