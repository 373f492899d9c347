import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** The SHA-256 of a file, in hexadecimal. @throws what Node.js throws, including `AbortError`. */
export async function sha256(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const content = createReadStream(path, { highWaterMark: 2 ** 20, signal }) as AsyncIterable<Buffer>;
  for await (const chunk of content) hash.update(chunk);
  return hash.digest("hex");
}
