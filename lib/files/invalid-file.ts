import { ReverseDistillationError } from "../errors/error.js";

/** `INVALID_FILE`, naming the file. */
export function invalidFile(path: string, problem: string, cause?: unknown): ReverseDistillationError {
  return new ReverseDistillationError("INVALID_FILE", `${path} ${problem}`, { cause });
}
