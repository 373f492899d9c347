import { createHash, webcrypto } from "node:crypto";
import type { RawImage } from "./raw-image.js";

/**
 * SHA-256 of images in their order, whatever they are stored in: over "<width>x<height>x<channels>\n" of each and the
 * 32 bytes of its pixels' own SHA-256. The pixels are hashed off the event loop.
 */
export class ImagesDigest {
  readonly #hash = createHash("sha256");

  /** @param image One after the other: the next one may be added when the promise has settled. */
  async add({ data, width, height, channels }: RawImage): Promise<void> {
    const pixels = await webcrypto.subtle.digest("SHA-256", data);
    this.#hash.update(`${width}x${height}x${channels}\n`).update(new Uint8Array(pixels));
  }

  /** In hexadecimal digits. Ends the digest. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}
