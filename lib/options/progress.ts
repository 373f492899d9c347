import { callback } from "./kind.js";
import { optional } from "./option.js";

/** What {@link TrainOptions.onProgress} receives. */
export type TrainProgress =
  DownloadingProgress | ReadingProgress | EpochProgress | CheckpointProgress | CalibratingProgress;

/** Part of the teacher's weights was downloaded. */
export interface DownloadingProgress {
  phase: "downloading";
  /** Bytes downloaded so far, including those of an earlier attempt that is resumed. */
  bytes: number;
  /** Size of the file in bytes; undefined if the server does not say. */
  total: number | undefined;
}

/** An image was read and resized. */
export interface ReadingProgress {
  phase: "reading";
  /** Images read so far. */
  images: number;
  /** Number of images; undefined if it is not known in advance, as with an iterable. */
  total: number | undefined;
}

/** An epoch ended. */
export interface EpochProgress extends EpochReport {
  phase: "training";
}

/** A checkpoint was written, or the training was resumed from one. */
export interface CheckpointProgress {
  phase: "checkpoint" | "resumed";
  /** The file. */
  path: string;
  /** Number of epochs that had ended. */
  epochs: number;
  /** Number of batches done since. */
  batches: number;
}

/** Images that were held out of the training have been scored. */
export interface CalibratingProgress {
  phase: "calibrating";
  /** Images scored so far. */
  images: number;
  /** Number of images held out. */
  total: number;
}

/** The state of a training after an epoch. */
export interface EpochReport {
  /** The epoch that ended, from 1. */
  epoch: number;
  /** Number of epochs in the training. With `epochs: "auto"`, this is the maximum until the last report. */
  epochs: number;
  /** Mean loss over the epoch's images. */
  loss: number;
  imagesPerSecond: number;
  /** Estimated time to the end of all `epochs`, in seconds, if each takes as long as this one. */
  secondsLeft: number;
  /** Where the teacher's features are kept; "recomputed" means that every epoch computes them again. */
  features: "memory" | "file" | "recomputed";
}

/** For calls whose only progress is the download of the teacher's weights. */
export const downloadOptions = {
  /** Called while the teacher's weights are downloaded. If it throws, the call is stopped. */
  onProgress: optional(callback<(progress: DownloadingProgress) => void>()),
};
