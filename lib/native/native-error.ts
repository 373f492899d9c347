import { ReverseDistillationError, errorCodes, type ErrorCode } from "../errors/error.js";

/** Converts an error thrown by the addon. An error without one of this package's codes becomes `INTERNAL`. */
export function fromNative(error: unknown): ReverseDistillationError {
  if (error instanceof ReverseDistillationError) return error;
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  const known = errorCodes.includes(code as ErrorCode);
  return new ReverseDistillationError(known ? (code as ErrorCode) : "INTERNAL", message ?? String(error), {
    cause: error,
  });
}
