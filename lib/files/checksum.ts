import { createHash } from "node:crypto";
import { openRegularFile } from "./regular-file.js";

/**
 * The SHA-256 of a regular file, in hexadecimal.
 *
 * @throws as {@link openRegularFile}, or what Node.js throws, including `AbortError`.
 */
export async function sha256(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const handle = await openRegularFile(path);
  const content = handle.createReadStream({ highWaterMark: 2 ** 20, signal }) as AsyncIterable<Buffer>;
  for await (const chunk of content) hash.update(chunk);
  return hash.digest("hex");
}
