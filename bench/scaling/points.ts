import type { Distribution } from "../cpu/compare.js";
import type { Environment } from "../environment.js";
import { precisions, type MeasuredPrecision } from "../precisions.js";
import { ResultsFile } from "../results-file.js";
import type { Storage } from "./features.js";

/** Scoring a batch, from 8-bit pixels of the network's size to the smoothed maps. */
export interface ScorePoint {
  job: "score";
  /** Height and width of the images, in pixels. */
  imageSize: number;
  batch: number;
  precision: MeasuredPrecision;
  /** Number of batches to time, after two to warm up. */
  rounds: number;
}

/** Training in float32. Only the epochs after the first count. */
export interface TrainPoint {
  job: "train";
  /** Height and width of the images, in pixels. */
  imageSize: number;
  batch: number;
  images: number;
  /** Where the teacher's features are kept. */
  features: Storage;
  /** Number of epochs to time, after the first. */
  rounds: number;
}

export type Point = ScorePoint | TrainPoint;

/** The measurements at a point, in a process of its own. */
export interface Measured {
  /** Time per batch or epoch. */
  seconds: Distribution;
  memory: Memory;
  /** Mean loss of the first epoch, for comparing trainings; null for scoring. */
  firstLoss: number | null;
}

/** Memory of the whole process, including Node.js and LibTorch. */
export interface Memory {
  /** Peak resident memory once the model exists, before any work. */
  beforeBytes: number;
  /** Peak resident memory, including pages of mapped files. */
  peakBytes: number;
  /** Peak resident memory outside files, sampled: what the system can only take back by swapping. */
  anonymousBytes: number;
}

export type ScalingResult = Point & Measured & { environment: Environment };

export const results = new ResultsFile<ScalingResult>("scaling.json", keyOf);

/** Identifies a point, regardless of its rounds. */
export function keyOf(point: Point): string {
  const side = `${point.imageSize} px, batch ${point.batch}`;
  return point.job === "score"
    ? `score, ${side}, ${point.precision}`
    : `train, ${side}, ${point.images} images, features ${point.features}`;
}

const storages: readonly Storage[] = ["memory", "file", "recomputed"];

/** All points on the page. Scoring at 256 px and batch 1 is on both axes, but only once here. */
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

/** Points of a few seconds each, to try the benchmark out. Their results mean nothing. */
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
