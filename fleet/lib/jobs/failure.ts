import { UnrecoverableError } from "bullmq";
import { errorCodes, ReverseDistillationError, type ErrorCode } from "reverse-distillation";

/** Codes of errors that come again however often a job is tried: what was given is wrong. */
const lasting: readonly ErrorCode[] = [
  "INVALID_ARGUMENT",
  "INVALID_IMAGE",
  "INVALID_FILE",
  "NO_IMAGES",
  "NOT_FOUND",
  "NOT_CALIBRATED",
  "ABORTED",
];

/** Why a job failed. */
export interface Failure {
  code: ErrorCode;
  message: string;
}

/**
 * The error that tells the queue what becomes of a job: a lasting one puts it to the dead letters, any other is tried
 * again. The code goes at the end of its message, because the queue keeps only that.
 */
export function queueErrorOf(error: unknown): Error {
  const { code, message } = failureOf(error);
  const text = `${message} (${code})`;
  const told = lasting.includes(code) ? new UnrecoverableError(text) : new Error(text);
  told.cause = error;
  return told;
}

/** What an error says; errors that are not the package's are INTERNAL. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ReverseDistillationError) return { code: error.code, message: error.message };
  return { code: "INTERNAL", message: error instanceof Error ? error.message : String(error) };
}

/** Reads what {@link queueErrorOf} wrote. What the queue itself says has no code. */
export function readFailure(reason: string): Failure {
  const [, message, code] = /^(.*) \(([A-Z_]+)\)$/s.exec(reason) ?? [];
  const known = errorCodes.find((each) => each === code);
  if (known !== undefined) return { code: known, message: message! };
  if (/stalled/.test(reason))
    return {
      code: "INTERNAL",
      message: "The job was given up: every worker that ran it died or was cut off.",
    };
  return { code: "INTERNAL", message: reason };
}
