import { ReverseDistillationError } from "../errors/error.js";

/**
 * An `INVALID_FILE` error.
 *
 * @param problem What is wrong with the file, as a sentence without its subject: "is empty."
 */
export function invalidFile(path: string, problem: string, cause?: unknown): ReverseDistillationError {
  return new ReverseDistillationError("INVALID_FILE", `${path} ${problem}`, { cause });
}
