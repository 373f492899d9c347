/**
 * The native addon's exports, typed. This is the only file through which TypeScript reaches the
 * addon (`loader.ts` opens it), and it mirrors `native/binding` one to one.
 *
 * Every promise of the addon rejects with an `Error` that carries a `code` of `lib/errors/error.ts`;
 * `fromNative` turns it into a `ReverseDistillationError` with the caller's stack.
 */
import type { RawImage } from "../image/raw-image.js";
import type { Backbone, Combine, Layout, Loss, Normalisation } from "../options/model.js";
import type { Precision } from "../options/precision.js";
import type { EpochReport } from "../options/progress.js";
import type { NamedTensor } from "../tensor/named-tensor.js";

export type Part = "teacher" | "bn" | "decoder";

/** What a model is made from. Every field is required here: defaults are the facade's. */
export interface ModelConfig {
  backbone: Backbone;
  layout: Layout;
  /** Which of the scales 1, 2, 3 count, ascending. */
  layers: number[];
  combine: Combine;
  /** Standard deviation of the smoothing, in pixels of the map. */
  sigma: number;
  /** Size of the image that the networks see, in pixels: multiples of 32. */
  height: number;
  width: number;
  /** What pixels, divided by 255, become before the networks see them; "none" leaves them in 0 to 1. */
  normalisation: Normalisation;
  /** "cpu" or "cuda:N". */
  device: string;
  /** Of training and scoring; "tf32" on a GPU alone, "float16" on a GPU and for scoring alone. */
  precision: Precision;
  /** Seeds the initial weights. */
  seed: number;
}

export interface TrainingConfig {
  epochs: number;
  /** Ends before `epochs` once the loss has stopped to matter. */
  untilConverged: boolean;
  batchSize: number;
  learningRate: number;
  loss: Loss;
  /** Seeds the order of the images. */
  seed: number;
  /** Threads of the computation; 0 leaves it to LibTorch. */
  threads: number;
  /** Bytes that the teacher's features may take in memory; else, in a temporary file. */
  featureMemory: number;
  featureDisk: number;
  /** Of the temporary file. */
  featureFolder: string;
}

export interface NativeScore {
  score: number;
  /** height x width, over the tensor's own storage. */
  map: Float32Array;
}

/** Stops the work that it was given to: between batches, with `ABORTED`. */
export interface NativeCancelToken {
  cancel(): void;
}

/** Images of one size, held natively, ready to be trained on. */
export interface NativeImageSet {
  readonly length: number;
  /** Resizes off the event loop and keeps the result. Reads the caller's memory until it settles. */
  add(image: RawImage): Promise<void>;
  dispose(): void;
}

export interface NativeModel {
  readonly config: ModelConfig;
  /** The part's tensors under their names (of torchvision, or of the published checkpoints). */
  tensors(part: Part): NamedTensor[];
  /** Copies values in; names and shapes must be the part's, but `num_batches_tracked` may be absent. */
  load(part: Part, tensors: NamedTensor[]): Promise<void>;
  train(
    images: NativeImageSet,
    config: TrainingConfig,
    cancel: NativeCancelToken,
    onEpoch: (report: EpochReport) => void,
  ): Promise<void>;
  /** One batch. Reads the callers' memory until it settles. */
  score(images: RawImage[], threads: number, cancel: NativeCancelToken): Promise<NativeScore[]>;
  /**
   * Memory for pixels, not initialised: on a GPU's model pinned, so that what lies there is copied to the GPU
   * without another copy before.
   */
  allocatePixels(bytes: number): Uint8Array;
  /**
   * Everything that the model computes on one batch, for comparison with another implementation:
   * float32 tensors `teacher.K` and `student.K` (features in eval mode, [N, C, H, W], K of 1, 2, 3),
   * `map` and `smoothed` ([N, height, width]); and in train mode `loss` and `gradient.bn.*`,
   * `gradient.decoder.*` (none for parameters that the layout never runs). Leaves the model as it was.
   */
  trace(images: RawImage[], loss: Loss, threads: number): Promise<NamedTensor[]>;
  /** Addresses that the last scored batch read its first pixels from and left its first map at. */
  readonly lastTransfer: { pixels: bigint; map: bigint };
  /** Waits for running work, then frees the memory. Idempotent. */
  dispose(): Promise<void>;
}

export interface AddonInfo {
  /** Version of the LibTorch that is loaded, and of the one the addon was built against. */
  libtorch: string;
  builtAgainst: string;
  /** Instruction set that LibTorch's kernels chose, such as "AVX512". */
  cpuCapability: string;
  /** Whether the networks run in bfloat16 on this processor at all; without AVX-512 most cannot. */
  cpuRunsBfloat16: boolean;
  /** Whether this processor also multiplies bfloat16 matrices in hardware, which makes it the faster precision. */
  cpuHasBfloat16: boolean;
  threads: number;
  /** GPUs that the addon can compute on: 0 for a build for the CPU, and where CUDA finds none. */
  cudaDevices: number;
  /** Models and maps that are alive: what a leak would make grow. */
  liveModels: number;
  liveMaps: number;
}

export interface Addon {
  info(): AddonInfo;
  /** Address of a view's first byte, for tests of what is shared. */
  addressOf(view: ArrayBufferView): bigint;
  CancelToken: new () => NativeCancelToken;
  ImageSet: new (height: number, width: number) => NativeImageSet;
  Model: { create(config: ModelConfig): Promise<NativeModel> };
  /**
   * Cancels this environment's work and waits until its threads are done; idempotent. To be called
   * before the process exits: LibTorch's own state dies then, and work that still uses it would crash.
   */
  shutdown(): void;
}

