import { inspect } from "node:util";
import { errorCodes, ReverseDistillationError } from "../../../lib/index.js";

/** The longest message, in characters: room for the longest paths of two files. */
const longest = 10_000;

/**
 * Calls a function with arguments that may be anything. It may succeed, or fail with an error of this package that
 * does not claim a bug of the package.
 *
 * @returns what it returned; undefined if it failed.
 */
export async function survives<T>(call: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ReverseDistillationError))
      throw new Error(`An error of another class: ${inspect(error)}`, { cause: error });
    if (!errorCodes.includes(error.code)) throw new Error(`An unknown code: ${error.code}`, { cause: error });
    if (error.code === "INTERNAL") throw new Error(`A bug: ${inspect(error)}`, { cause: error });
    if (error.message.trim() === "" || error.message.length > longest)
      throw new Error(`A message of ${error.message.length} characters`, { cause: error });
    return undefined;
  }
}
