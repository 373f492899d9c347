import { CommanderError } from "commander";
import { ReverseDistillationError } from "../errors/error.js";

/** Exit codes of the command line. */
export const exitCode = {
  /** Everything succeeded. */
  done: 0,
  /** Something failed; stderr says what. */
  failed: 1,
  /** Invalid usage: an unknown command, or an invalid argument or option. Nothing was done. */
  usage: 2,
  /** Something was rejected, and the command was asked to say so. */
  rejected: 3,
  /** For signals: 128 plus the number of the signal, as in shells. */
  interrupted: 130,
  terminated: 143,
  brokenPipe: 141,
} as const;

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
  const invalid = error instanceof ReverseDistillationError && error.code === "INVALID_ARGUMENT";
  return invalid ? exitCode.usage : exitCode.failed;
}

/** Formats an error as its message for users or, if verbose, with its stack and causes for debugging. */
export function describeError(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  const code = error instanceof ReverseDistillationError ? ` (${error.code})` : "";
  if (!verbose) return `${error.message}${code}`;
  const cause = error.cause === undefined ? "" : `\nCaused by: ${describeError(error.cause, true)}`;
  return `${error.stack ?? error.message}${code}${cause}`;
}
