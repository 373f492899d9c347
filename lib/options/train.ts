import { totalmem } from "node:os";
import { abortSignal, callback, integer, path, positive, record } from "../errors/validate.js";
import { batching, batchingDefaults, type BatchingOptions } from "./batching.js";
import { datasetFormat, type DatasetFormatName } from "./dataset-format.js";
import { device, type Device } from "./device.js";
import { epochs, type Epochs } from "./epochs.js";
import type { Backbone, Combine, Layout, Loss, Normalisation } from "./model.js";
import * as model from "./model.js";
import { trainingPrecision, type TrainingPrecision } from "./precision.js";
import type { TrainProgress } from "./progress.js";

/** How a detector is made and trained. Everything may be left out. */
export interface TrainOptions {
  /**
   * The folder of good parts, if images are a folder that does not say it: its path from that folder or from the folder
   * `train` in it; "." for all images. Default: as the names of folders and files say.
   */
  good?: string;
  /** The layout of the data set, if images are a folder that holds one. Default: the one that it looks like. */
  format?: DatasetFormatName;
  /** The teacher's architecture. Default "resnet18", the fastest; the paper's is "wide_resnet50_2". */
  backbone?: Backbone;
  /**
   * ImageNet weights of the teacher. "imagenet": those that torchvision publishes for the backbone
   * (`IMAGENET1K_V1`), downloaded once into this package's cache. Else the path of a file with torchvision's
   * names: safetensors, or a state dict that PyTorch's `torch.save` wrote, of which tensors alone are read
   * and nothing is run. layer4 and fc may be in it, and are not used. Without weights the teacher is random,
   * which detects much worse: a `ReverseDistillationWarning` says so.
   */
  weights?: "imagenet" | (string & {}) | URL;
  /**
   * Size that images are brought to, in pixels: one side for a square, or [height, width]; multiples
   * of 32 up to 4096. Default 256.
   */
  imageSize?: number | readonly [height: number, width: number];
  /**
   * Passes over the images, from 1. "auto" ends the training once the mean loss of five epochs has fallen by
   * less than a twentieth from the five before, after 10 epochs at the earliest and 200 at the latest. Default 20;
   * the paper's is 200.
   */
  epochs?: Epochs;
  /** Images a step, from 1. Default 16. One larger than the number of images takes all of them. */
  batchSize?: number;
  /** Of Adam, above 0. Default 0.005. */
  learningRate?: number;
  /** "location": a cosine a position (Eq. 2); "global": one a feature map, as in the authors' code. Default "location". */
  loss?: Loss;
  /** "paper", or "official", the layout of the authors' code and its checkpoints. Default "paper". */
  layout?: Layout;
  /** Scales that count, of 1 (fine) to 3 (coarse). Default [1, 2, 3]. */
  layers?: readonly model.Layer[];
  /** How the scales' maps become one. Default "sum". */
  combine?: Combine;
  /** Standard deviation of the map's Gaussian smoothing, in pixels of `imageSize`, above 0. Default 4. */
  sigma?: number;
  /**
   * What pixels, divided by 255, become before the networks see them. "imagenet": less the mean and over
   * the standard deviation of ImageNet's images, as its weights expect. "none": nothing, as in the authors'
   * one-class experiments. Default "imagenet".
   */
  normalisation?: Normalisation;
  /** Seed of the initial weights and of the order of the images: a whole number from 0. Default 0. */
  seed?: number;
  /** "auto", "cpu" or "cuda:N". Default "auto": the best device that the addon can compute on. */
  device?: Device;
  /**
   * Of the networks' arithmetic, in training and in scoring. "float32" gives the numbers that Python gives.
   * "bfloat16" is about twice as fast where the hardware has it, and keeps weights and maps in float32; "auto"
   * takes it there, and "float32" elsewhere. "tf32", on a GPU alone, is float32 whose convolutions round their
   * inputs to 10 bits of mantissa, as PyTorch has it there unless told otherwise. Default "float32".
   */
  precision?: TrainingPrecision;
  /** Threads that compute. Default: LibTorch's choice, the number of cores. */
  threads?: number;
  /**
   * Bytes of memory that the teacher's features of the images may take. They never change, so that they are
   * computed in the first epoch and kept where they fit: 1.75 MiB an image of 256 x 256 with "resnet18" and
   * "resnet34", 7 MiB with the others; the rest of the training is then as much faster as the teacher is slow.
   * What is computed is the same, up to rounding. 0 keeps none. On a GPU they lie in its memory where half of what
   * is free there suffices, else in the host's. Default: a quarter of the machine's or container's memory.
   */
  featureMemory?: number;
  /**
   * Bytes of disk that they may take where the memory is too small, in a file in the folder of temporary
   * files that has no name and ends with the training. Default 0.
   */
  featureDisk?: number;
  /** How the detector that comes out batches calls of `score`. */
  batching?: BatchingOptions;
  /** Stops the training between batches: the promise rejects with `ABORTED`. */
  signal?: AbortSignal;
  /** Called while weights are downloaded, after each image read and after each epoch. What it throws stops the training. */
  onProgress?: (progress: TrainProgress) => void;
}

/** The values of the options that are left out. */
export const trainDefaults = {
  backbone: "resnet18",
  imageSize: 256,
  epochs: 20,
  batchSize: 16,
  learningRate: 0.005,
  loss: "location",
  layout: "paper",
  layers: [1, 2, 3],
  combine: "sum",
  sigma: 4,
  normalisation: "imagenet",
  seed: 0,
  device: "auto",
  precision: "float32",
  featureDisk: 0,
} as const satisfies TrainOptions;

/** Options with the defaults filled in, every one checked. */
export interface ResolvedTrainOptions {
  good: string | undefined;
  format: DatasetFormatName | undefined;
  backbone: Backbone;
  weights: string | undefined;
  imageSize: [height: number, width: number];
  epochs: Epochs;
  batchSize: number;
  learningRate: number;
  loss: Loss;
  layout: Layout;
  layers: model.Layer[];
  combine: Combine;
  sigma: number;
  normalisation: Normalisation;
  seed: number;
  device: Device;
  precision: TrainingPrecision;
  /** 0 leaves it to LibTorch. */
  threads: number;
  featureMemory: number;
  featureDisk: number;
  batching: Required<BatchingOptions>;
  signal: AbortSignal | undefined;
  onProgress: ((progress: TrainProgress) => void) | undefined;
}

type Check<T> = (name: string, value: unknown) => T;

/** Bounds of numbers, for checks and for messages. */
const check: { [Name in keyof ResolvedTrainOptions]: Check<NonNullable<ResolvedTrainOptions[Name]>> } = {
  good: path,
  format: datasetFormat,
  backbone: model.backbone,
  weights: path,
  imageSize: model.imageSize,
  epochs,
  batchSize: (name, value) => integer(name, value, 1, 65_536),
  learningRate: (name, value) => positive(name, value, 10),
  loss: model.loss,
  layout: model.layout,
  layers: model.layers,
  combine: model.combine,
  sigma: model.sigma,
  normalisation: model.normalisation,
  seed: (name, value) => integer(name, value, 0, Number.MAX_SAFE_INTEGER),
  device,
  precision: trainingPrecision,
  threads,
  featureMemory: bytes,
  featureDisk: bytes,
  batching,
  signal: abortSignal,
  onProgress: callback as Check<(progress: TrainProgress) => void>,
};

/** Names of all options of {@link TrainOptions}. */
export const trainOptionNames = Object.keys(check) as (keyof TrainOptions)[];

/**
 * Checks every option and fills in the defaults.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given.
 */
export function resolveTrainOptions(options: TrainOptions = {}): ResolvedTrainOptions {
  const given = record("options", options, trainOptionNames);
  const resolve = <Name extends keyof ResolvedTrainOptions>(name: Name, fallback?: unknown) => {
    const value = given[name] ?? (given[name] === null ? null : fallback);
    return (value === undefined ? undefined : check[name](name, value)) as ResolvedTrainOptions[Name];
  };
  return {
    good: resolve("good"),
    format: resolve("format"),
    backbone: resolve("backbone", trainDefaults.backbone),
    weights: resolve("weights"),
    imageSize: resolve("imageSize", trainDefaults.imageSize),
    epochs: resolve("epochs", trainDefaults.epochs),
    batchSize: resolve("batchSize", trainDefaults.batchSize),
    learningRate: resolve("learningRate", trainDefaults.learningRate),
    loss: resolve("loss", trainDefaults.loss),
    layout: resolve("layout", trainDefaults.layout),
    layers: resolve("layers", trainDefaults.layers),
    combine: resolve("combine", trainDefaults.combine),
    sigma: resolve("sigma", trainDefaults.sigma),
    normalisation: resolve("normalisation", trainDefaults.normalisation),
    seed: resolve("seed", trainDefaults.seed),
    device: resolve("device", trainDefaults.device),
    precision: resolve("precision", trainDefaults.precision),
    threads: resolve("threads", undefined) ?? 0,
    featureMemory: resolve("featureMemory", defaultFeatureMemory()),
    featureDisk: resolve("featureDisk", trainDefaults.featureDisk),
    batching: resolve("batching", batchingDefaults),
    signal: resolve("signal"),
    onProgress: resolve("onProgress"),
  };
}

/** A quarter of the memory that the machine has or that its container allows, in bytes: the same in every run. */
export function defaultFeatureMemory(): number {
  const allowed = process.constrainedMemory();
  return Math.floor((allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()) / 4);
}

function bytes(name: string, value: unknown): number {
  return integer(name, value, 0, Number.MAX_SAFE_INTEGER);
}

/** Threads that compute: a whole number from 1. */
export function threads(name: string, value: unknown): number {
  return integer(name, value, 1, 1024);
}
