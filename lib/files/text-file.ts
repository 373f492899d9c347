import { readRegularFile } from "./regular-file.js";

/** The most bytes of a text: half of the longest string that Node.js can make. */
const maxBytes = 2 ** 28;

/**
 * Reads a text in UTF-8.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, also if it is no regular file or has more than 256 MiB.
 */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readRegularFile(path, { maxBytes });
  return bytes.toString("utf8");
}
