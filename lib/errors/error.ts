/**
 * The codes that a {@link ReverseDistillationError} can have. This is the complete list:
 *
 * - `INVALID_ARGUMENT`: an argument or option is invalid. The message names it and says what is allowed.
 * - `INVALID_IMAGE`: an image or mask could not be decoded, or its format is not supported.
 * - `NO_IMAGES`: a folder, list or iterable contains no images.
 * - `NOT_FOUND`: a file, folder or optional package does not exist.
 * - `INVALID_FILE`: a model, weights or checkpoint file is damaged, is of another kind, or does not fit.
 * - `DOWNLOAD_FAILED`: the teacher's weights are not on this machine, and downloading them failed or is disabled.
 * - `IO`: the operating system could not read or write a file.
 * - `ABORTED`: the caller's signal was aborted (`cause` is its reason), or a callback or iterable of the caller
 *   threw (`cause` is what it threw).
 * - `NOT_CALIBRATED`: what was asked for needs thresholds, and the detector has none: call `calibrate` or
 *   `setThresholds`.
 * - `QUEUE_FULL`: the detector's queue is full. Wait for pending scores, or raise `batching.maxQueue` or
 *   `batching.maxQueuedBytes`.
 * - `DISPOSED`: the detector has been disposed of, or its Node.js environment is shutting down.
 * - `OUT_OF_MEMORY`: an allocation failed on the CPU or the GPU. Try smaller batches or images.
 * - `DEVICE_UNAVAILABLE`: the requested device does not exist on this machine or is not supported by this build.
 * - `LIBTORCH_NOT_FOUND`: LibTorch was not found on this machine.
 * - `LIBTORCH_INCOMPATIBLE`: LibTorch was found, but its version or build is not supported.
 * - `ADDON_NOT_FOUND`: the native addon is missing or could not be loaded.
 * - `INTERNAL`: a bug in this package. Please report it.
 */
export const errorCodes = [
  "INVALID_ARGUMENT",
  "INVALID_IMAGE",
  "NO_IMAGES",
  "NOT_FOUND",
  "INVALID_FILE",
  "DOWNLOAD_FAILED",
  "IO",
  "ABORTED",
  "NOT_CALIBRATED",
  "QUEUE_FULL",
  "DISPOSED",
  "OUT_OF_MEMORY",
  "DEVICE_UNAVAILABLE",
  "LIBTORCH_NOT_FOUND",
  "LIBTORCH_INCOMPATIBLE",
  "ADDON_NOT_FOUND",
  "INTERNAL",
] as const;

/** One of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number];

const brand = Symbol.for("reverse-distillation.error");

/**
 * The only class of error that this package throws. `code` is for programs, and is one of {@link errorCodes}.
 * `message` is for people: it says what was wrong, what is allowed and what to do. `cause` is the underlying error, if
 * there is one.
 *
 * `instanceof` also works when one process loads both the ESM and the CommonJS build of the package.
 */
export class ReverseDistillationError extends Error {
  override readonly name = "ReverseDistillationError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && brand in value;
  }
}
