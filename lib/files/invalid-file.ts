import { ReverseDistillationError } from "../errors/error.js";
import { printable } from "./system-path.js";

/**
 * An `INVALID_FILE` error. What the file's name and content put into the message is shown as one line of plain text.
 *
 * @param problem What is wrong with the file, as a sentence without its subject: "is empty."
 */
export function invalidFile(path: string, problem: string, cause?: unknown): ReverseDistillationError {
  return new ReverseDistillationError("INVALID_FILE", printable(`${path} ${problem}`), { cause });
}
