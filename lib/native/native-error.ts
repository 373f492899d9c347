import { ReverseDistillationError, errorCodes, type ErrorCode } from "../errors/error.js";

/**
 * Converts an error thrown by the addon. An error without one of this package's codes becomes `INTERNAL`, except for an
 * allocation that failed before the addon's own code ran.
 */
export function fromNative(error: unknown): ReverseDistillationError {
  if (error instanceof ReverseDistillationError) return error;
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  if (code === undefined && message === "std::bad_alloc") {
    const text = "An allocation failed: the process is out of memory.";
    return new ReverseDistillationError("OUT_OF_MEMORY", text, { cause: error });
  }
  const known = errorCodes.includes(code as ErrorCode);
  return new ReverseDistillationError(known ? (code as ErrorCode) : "INTERNAL", message ?? String(error), {
    cause: error,
  });
}
