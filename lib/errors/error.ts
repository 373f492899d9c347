/**
 * Every way in which this package fails, as a closed set:
 *
 * - `INVALID_ARGUMENT`: an option or argument is outside of what is allowed.
 * - `INVALID_IMAGE`: an image cannot be read, or is of a kind that is not supported.
 * - `NO_IMAGES`: a folder, list or iterable holds no image.
 * - `NOT_FOUND`: a file or folder does not exist.
 * - `INVALID_FILE`: a model or weights file is damaged, or is not what it is given for.
 * - `DOWNLOAD_FAILED`: weights are not on this machine, and could not or must not be downloaded.
 * - `IO`: reading or writing failed for a reason of the operating system's.
 * - `ABORTED`: the caller's signal was aborted, and `cause` is its reason; or code of the caller's that
 *   takes part (a callback, an iterable) threw, and `cause` is what it threw.
 * - `QUEUE_FULL`: more images are being scored than the detector's queue takes.
 * - `DISPOSED`: the detector was disposed of, or its environment is closing.
 * - `OUT_OF_MEMORY`: an allocation failed; smaller batches or images may succeed.
 * - `DEVICE_UNAVAILABLE`: the device asked for does not exist here.
 * - `LIBTORCH_NOT_FOUND`: no LibTorch was found on this machine.
 * - `LIBTORCH_INCOMPATIBLE`: LibTorch was found, but of a version or build that does not fit.
 * - `ADDON_NOT_FOUND`: the native addon is not built, or does not load.
 * - `INTERNAL`: a defect of this package.
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
 * The one class of error that this package throws. `code` says which way it failed, `message` what
 * was given, what is allowed and what to do, `cause` what lay behind it, where there is such a thing.
 *
 * `instanceof` holds across the ESM and the CommonJS build of the package in one process.
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
