/**
 * The types of the native addon's exports. They mirror `native/binding` one to one; TypeScript uses the addon only
 * through them, and `loader.ts` opens it.
 *
 * Every promise of the addon rejects with an `Error` whose `code` is one of those in `lib/errors/error.ts`.
 * `fromNative` converts it to a `ReverseDistillationError` with the caller's stack.
 */
import type { ImageStatistics } from "../calibration/image-statistics.js";
import type { MapPart } from "../image/anomaly-map.js";
import type { Frame } from "../image/fit.js";
import type { LeveledImage } from "../image/levels.js";
import type { ScorableImage } from "../image/lent-image.js";
import type { RawImage } from "../image/raw-image.js";
import type { ModelDescription } from "../options/model.js";
import type { StoredOptions } from "../options/option.js";
import type { Precision } from "../options/precision.js";
import type { EpochReport } from "../options/progress.js";
import type { Loss, trainingOptions } from "../options/training.js";
import type { NamedTensor, TensorOutline } from "../tensor/named-tensor.js";

export type Part = "teacher" | "bn" | "decoder";

/** What a model is made from. Every field is required here: the facade fills in the defaults. */
export interface ModelConfig extends Omit<ModelDescription, "imageSize" | "levels" | "roi"> {
  /** Size of the image that the networks see, in pixels: multiples of 32. */
  height: number;
  width: number;
  /** "cpu" or "cuda:N". */
  device: string;
  /** "tf32" needs a GPU; "float16" needs a GPU and is for scoring only; "int8" needs a CPU and is for scoring only. */
  precision: Precision;
  /** For "int8": what {@link NativeModel.activationRanges} returned. */
  activationRanges?: readonly number[];
  /** Seeds the initial weights. */
  seed: number;
}

export interface TrainingConfig extends StoredOptions<typeof trainingOptions> {
  /** Stop before `epochs` when the loss stops improving. */
  untilConverged: boolean;
  /** Number of threads that compute; 0 leaves it to LibTorch. */
  threads: number;
  /** Bytes for the teacher's features in memory, and in a temporary file if they do not fit there. */
  featureMemory: number;
  featureDisk: number;
  /** The folder of the temporary file. */
  featureFolder: string;
}

/** How far a training has come. */
export interface TrainingPosition {
  /** Epochs that have ended. */
  epochs: number;
  /** Batches done in the epoch after these. */
  batches: number;
  /** The mean loss over the images of these batches; 0 if there are none. */
  loss: number;
  /** Whether nothing is left to do. */
  finished: boolean;
}

export interface NativeScore {
  score: number;
  image: ImageStatistics;
  /** height x width values, in the tensor's own memory. It shows the part of the image that was seen, without padding. */
  map: Float32Array;
  height: number;
  width: number;
}

/** Cancels the work that it was passed to: the work stops within a layer of a batch and rejects with `ABORTED`. */
export interface NativeCancelToken {
  cancel(): void;
}

/** Images of one size in native memory, ready for training. */
export interface NativeImageSet {
  readonly length: number;
  /** Resizes the image off the event loop and stores it. */
  add(image: LeveledImage): Promise<void>;
  /** Replaces the black and white of all images with more than 8 bits. No image may still be being added. */
  setLevels(black: number, white: number): void;
  /**
   * Removes the images with these ascending indices, and returns them as they are scored: at the set's size, with their
   * levels. No image may still be being added.
   */
  takeOut(indices: readonly number[]): LeveledImage[];
  dispose(): void;
}

/** Brings images to one size, as {@link NativeModel.score} would. */
export interface NativeShrinker {
  /**
   * Resizes an image to RGB, off the event loop and off the model's job thread: 8 bits, or float32 if it has more than
   * 8, in its own range. Its memory is read until the promise settles, so no caller of the package may hold it.
   */
  shrink(image: RawImage): Promise<ScorableImage>;
  /** Lets its thread end once it has run what it was asked for. */
  dispose(): void;
}

/** An anomaly map of at least one value. Its arrays are read until the promise settles, so no caller may hold them. */
export interface LentMap {
  data: Float32Array;
  height: number;
  width: number;
  /** The region of interest: pixels with 0 do not belong to it. */
  mask?: Uint8Array;
  /** Not read by native code. */
  part?: MapPart | undefined;
}

export interface NativeRegionOptions {
  seed: number;
  /** At most `seed`. */
  outline: number;
  /** In pixels of the map. */
  minArea: number;
  maxCount: number;
}

/** What is known about a region, in pixels of the map. The box is given by its sides, the peak by its pixel. */
export type RegionMeasures = [
  left: number,
  top: number,
  right: number,
  bottom: number,
  area: number,
  centroidX: number,
  centroidY: number,
  mean: number,
  peak: number,
  peakX: number,
  peakY: number,
];

/** A closed part of a region's outline: the region's number, its first segment, and how many segments it has. */
export type RegionRing = [region: number, begin: number, count: number];

/** Regions of a map; native/pipeline/regions.h describes them. */
export interface NativeRegions {
  /** {@link RegionMeasures}, one after the other. */
  measures: Float64Array;
  /** {@link RegionRing}s, one after the other. */
  rings: Int32Array;
  /** Of each horizontal segment of a ring its y, and x where it ends and the next one begins. */
  segments: Int32Array;
  /** Number of pixels in the region of interest. */
  considered: number;
}

/** Works on maps, one after the other, on a thread of its own. */
export interface NativeMapWorker {
  /** @throws `INVALID_ARGUMENT` if a value of the map is not finite, or the map is too large. */
  findRegions(map: LentMap, options: NativeRegionOptions, cancel: NativeCancelToken): Promise<NativeRegions>;
  /** Brings a map to another size; see native/pipeline/map_resize.h. */
  resize(map: LentMap, height: number, width: number): Promise<Float32Array>;
}

export interface NativeModel {
  readonly config: ModelConfig;
  /** What the part's tensors are, named as in torchvision (teacher) or in the authors' checkpoints (bn, decoder). */
  outline(part: Part): TensorOutline[];
  /** The part's tensors. They are copied on the job thread. */
  tensors(part: Part): Promise<NamedTensor[]>;
  /** Copies the values in. Names and shapes must match the part's, but `num_batches_tracked` may be missing. */
  load(part: Part, tensors: NamedTensor[]): Promise<void>;
  /** A whole training. */
  train(
    images: NativeImageSet,
    config: TrainingConfig,
    cancel: NativeCancelToken,
    onEpoch: (report: EpochReport) => void,
  ): Promise<void>;
  /**
   * Begins a training that can pause, from a state that {@link NativeModel.trainingState} returned, if one is given. It
   * must end with {@link NativeModel.endTraining}, which frees what only training needs.
   */
  beginTraining(images: NativeImageSet, config: TrainingConfig, state?: NamedTensor[]): Promise<void>;
  /**
   * Trains until `epochs` epochs have ended, the training is finished, or `pause` is cancelled. `pause` is looked at
   * after each batch, so every call makes progress. `threads`: 0 leaves it to LibTorch.
   */
  continueTraining(
    epochs: number,
    threads: number,
    cancel: NativeCancelToken,
    pause: NativeCancelToken,
    onEpoch: (report: EpochReport) => void,
  ): Promise<TrainingPosition>;
  /**
   * Everything that a resumed training needs to end with the same bits; `Training::state` of
   * native/pipeline/trainer.h lists the tensors. They are copies.
   */
  trainingState(): Promise<NamedTensor[]>;
  endTraining(): Promise<void>;
  /**
   * Scores one batch. Pixels in memory of `allocatePixels` are read until the promise settles, and so are those that are
   * `own`; others are copied by the call. `threads`: 0 leaves it to LibTorch.
   *
   * @throws `INVALID_IMAGE` if the memory of an image is gone.
   */
  score(images: LeveledImage[], threads: number, cancel: NativeCancelToken): Promise<NativeScore[]>;
  /**
   * Collects what the convolutions read while they score images, in float32. On the CPU only. Otherwise as {@link score}.
   */
  observe(images: LeveledImage[], threads: number, cancel: NativeCancelToken): Promise<void>;
  /** Ends the observation: `ScoringEngine::activation_ranges` of native/pipeline/scoring_engine.h describes the numbers. */
  activationRanges(): Promise<number[]>;
  /**
   * Allocates uninitialised memory for pixels. For a model on a GPU the memory is pinned, so pixels decoded into it are
   * copied to the GPU directly.
   */
  allocatePixels(bytes: number): Uint8Array;
  /**
   * Returns everything that the model computes on one batch, for comparison with another implementation. All tensors
   * are float32. In eval mode: `teacher.K` and `student.K` (features, [N, C, H, W], K is 1, 2, 3), `map` and `smoothed`
   * ([N, height, width]). In train mode: `loss`, `gradient.bn.*` and `gradient.decoder.*` (parameters that the layout
   * does not use have no gradient). The model is left unchanged.
   */
  trace(images: LeveledImage[], loss: Loss, threads: number): Promise<NamedTensor[]>;
  /** Addresses of the last scored batch's first pixels and first map. */
  readonly lastTransfer: { pixels: bigint; map: bigint };
  /** Waits for running work, then frees the memory. Calling it again does nothing. */
  dispose(): Promise<void>;
}

export interface AddonInfo {
  /** The version of the loaded LibTorch. */
  libtorch: string;
  /** The version of the LibTorch that the addon was built against. */
  builtAgainst: string;
  /** The instruction set that LibTorch's kernels use, such as "AVX512". */
  cpuCapability: string;
  /** Whether the networks run in bfloat16 on this processor at all; without AVX-512 most cannot. */
  cpuRunsBfloat16: boolean;
  /** Whether this processor also multiplies bfloat16 matrices in hardware, which makes it the faster precision. */
  cpuHasBfloat16: boolean;
  /** Whether the networks run in 8 bits: whether this LibTorch has oneDNN's operators for it. */
  cpuRunsInt8: boolean;
  threads: number;
  /** The number of GPUs that the addon can use: 0 in a CPU build, or if CUDA finds none. */
  cudaDevices: number;
  /** The number of models and maps that are alive, to detect leaks. */
  liveModels: number;
  liveMaps: number;
}

export interface Addon {
  info(): AddonInfo;
  /** The address of a view's first byte; tests use it to check that memory is shared. */
  addressOf(view: ArrayBufferView): bigint;
  CancelToken: new () => NativeCancelToken;
  ImageSet: new (frame: Frame) => NativeImageSet;
  Shrinker: new (frame: Frame) => NativeShrinker;
  MapWorker: new () => NativeMapWorker;
  Model: { create(config: ModelConfig): Promise<NativeModel> };
  /**
   * Cancels this environment's work and waits for its threads to end. Call it before the process exits: LibTorch's
   * statics are then destroyed, and running work would crash. Calling it again does nothing.
   */
  shutdown(): void;
}
