import { ReverseDistillationError, errorCodes, type ErrorCode } from "../errors/error.js";

/** Turns what the addon rejected with into this package's error; other errors become `INTERNAL`. */
export function fromNative(error: unknown): ReverseDistillationError {
  if (error instanceof ReverseDistillationError) return error;
  const { code, message } = error as { code?: string; message?: string };
  const known = errorCodes.includes(code as ErrorCode);
  return new ReverseDistillationError(known ? (code as ErrorCode) : "INTERNAL", message ?? String(error), {
    cause: error,
  });
}
