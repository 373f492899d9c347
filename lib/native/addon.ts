/**
 * The native addon's exports, typed. This is the only file through which TypeScript reaches the
 * addon (`loader.ts` opens it), and it mirrors `native/binding` one to one.
 *
 * Every promise of the addon rejects with an `Error` that carries a `code` of `lib/errors.ts`;
 * {@link fromNative} turns it into a `ReverseDistillationError` with the caller's stack.
 */
import { ReverseDistillationError, errorCodes, type ErrorCode } from "../errors.js";

/** Element types of tensors, in safetensors' names. */
export type TensorDtype = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "U8";

/** One tensor by name. */
export interface NamedTensor {
  name: string;
  dtype: TensorDtype;
  shape: number[];
  /** The elements, row-major and little-endian. From the addon: a view of the tensor's own memory. */
  data: Uint8Array;
}

/** Pixels of 8 bits, rows from the top, channels interleaved. 1: grey, 3: RGB, 4: RGB and an alpha that is dropped. */
export interface RawImage {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
}

export type Backbone = "resnet18" | "resnet34" | "resnet50" | "wide_resnet50_2";
export type Layout = "paper" | "official";
export type Combine = "sum" | "product";
export type Loss = "location" | "global";
export type Normalisation = "imagenet" | "none";
/**
 * Of the networks' arithmetic; maps and scores are float32 in any. "tf32" is float32 whose convolutions round their
 * inputs to 10 bits of mantissa.
 */
export type Precision = "float32" | "tf32" | "bfloat16" | "float16";
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
  /** Whether this processor multiplies bfloat16 matrices in hardware. */
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

/** Turns what the addon rejected with into this package's error; other errors become `INTERNAL`. */
export function fromNative(error: unknown): ReverseDistillationError {
  if (error instanceof ReverseDistillationError) return error;
  const { code, message } = error as { code?: string; message?: string };
  const known = errorCodes.includes(code as ErrorCode);
  return new ReverseDistillationError(known ? (code as ErrorCode) : "INTERNAL", message ?? String(error), {
    cause: error,
  });
}
