import { ReverseDistillationError } from "./error.js";
import { messageOf } from "./message-of.js";

/**
 * Reads values that a caller passed. JavaScript lets a value throw when it is read, by a getter or a proxy, or because
 * it is of another type than the reader expects. Such an error becomes `INVALID_ARGUMENT`, with what was thrown as its
 * `cause`. An error of this package is thrown unchanged.
 *
 * @param name What messages call the value.
 */
export function reading<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isOwn(error)) throw error;
    const message = `${name} could not be read: ${messageOf(error)}.`;
    throw new ReverseDistillationError("INVALID_ARGUMENT", message, { cause: error });
  }
}

function isOwn(error: unknown): boolean {
  try {
    return error instanceof ReverseDistillationError;
  } catch {
    return false;
  }
}
