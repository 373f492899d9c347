import type { Distribution } from "../cpu/compare.js";
import type { Environment } from "../environment.js";
import { precisions, type MeasuredPrecision } from "../precisions.js";
import { ResultsFile } from "../results-file.js";
import type { Storage } from "./features.js";

/** Scoring of a batch, from 8-bit pixels of the network's size to the smoothed maps. */
export interface ScorePoint {
  job: "score";
  /** Side of the images, in pixels. */
  imageSize: number;
  batch: number;
  precision: MeasuredPrecision;
  /** Batches that are timed, after two that are not. */
  rounds: number;
}

/** Training in float32 on so many images; what counts are the epochs after the first. */
export interface TrainPoint {
  job: "train";
  /** Side of the images, in pixels. */
  imageSize: number;
  batch: number;
  images: number;
  /** Where the teacher's features are kept. */
  features: Storage;
  /** Epochs that are timed, after the first. */
  rounds: number;
}

export type Point = ScorePoint | TrainPoint;

/** What a process of its own found at a point. */
export interface Measured {
  /** Of a batch, or of an epoch. */
  seconds: Distribution;
  memory: Memory;
  /** Mean of the loss over the first epoch, by which trainings are compared; null for scoring. */
  firstLoss: number | null;
}

/** Of the whole process, Node.js and LibTorch included. */
export interface Memory {
  /** Once there is a model, before any work: the most that was resident until then. */
  beforeBytes: number;
  /** The most that was resident, pages of mapped files included. */
  peakBytes: number;
  /** The most that was resident and no file's, looked at often: what the system cannot take back without swapping. */
  anonymousBytes: number;
}

export type ScalingResult = Point & Measured & { environment: Environment };

export const results = new ResultsFile<ScalingResult>("scaling.json", keyOf);

/** Tells points apart, whatever their rounds. */
export function keyOf(point: Point): string {
  const side = `${point.imageSize} px, batch ${point.batch}`;
  return point.job === "score"
    ? `score, ${side}, ${point.precision}`
    : `train, ${side}, ${point.images} images, features ${point.features}`;
}

const storages: readonly Storage[] = ["memory", "file", "recomputed"];

/** All that the page tells of. Scoring at 256 px and batch 1 is on both of its axes, and once here. */
export const points: readonly Point[] = [
  ...precisions.flatMap((precision) => [
    ...[128, 256, 512, 1024].map((imageSize) => score(imageSize, 1, precision, 9)),
    ...[2, 4, 8, 16, 32].map((batch) => score(256, batch, precision, 9)),
  ]),
  ...[
    { images: 50, rounds: 9 },
    { images: 500, rounds: 3 },
    { images: 5000, rounds: 1 },
  ].flatMap((size) => storages.map((features) => train({ ...size, imageSize: 64, batch: 16, features }))),
];

/** Some of seconds each, which try the benchmark out and mean nothing. */
export const quickPoints: readonly Point[] = [
  ...[32, 64].map((imageSize) => score(imageSize, 1, "float32", 1)),
  score(32, 2, "float32", 1),
  ...storages.map((features) => train({ images: 3, imageSize: 32, batch: 2, features, rounds: 1 })),
];

function score(imageSize: number, batch: number, precision: MeasuredPrecision, rounds: number): ScorePoint {
  return { job: "score", imageSize, batch, precision, rounds };
}

function train(point: Omit<TrainPoint, "job">): TrainPoint {
  return { job: "train", ...point };
}
