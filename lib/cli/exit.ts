import { CommanderError } from "commander";
import { ReverseDistillationError } from "../errors/error.js";

/** Exit codes of the command line. */
export const exitCode = {
  /** All was done. */
  done: 0,
  /** Something failed; what, is on the standard error. */
  failed: 1,
  /** The command was not understood, or an option is not allowed: nothing was done. */
  usage: 2,
  /** 128 and the number of the signal, as shells have it. */
  interrupted: 130,
  terminated: 143,
  brokenPipe: 141,
} as const;

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
  const invalid = error instanceof ReverseDistillationError && error.code === "INVALID_ARGUMENT";
  return invalid ? exitCode.usage : exitCode.failed;
}

/** An error in a line for users, or with its stack and what caused it for those who look for a defect. */
export function describeError(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  const code = error instanceof ReverseDistillationError ? ` (${error.code})` : "";
  if (!verbose) return `${error.message}${code}`;
  const cause = error.cause === undefined ? "" : `\nCaused by: ${describeError(error.cause, true)}`;
  return `${error.stack ?? error.message}${code}${cause}`;
}
