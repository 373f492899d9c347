import { createHash, webcrypto } from "node:crypto";
import { withoutGaps } from "./plain-pixels.js";
import type { RawImage } from "./raw-image.js";

/**
 * SHA-256 of images in order, independent of their file formats: over "<width>x<height>x<channels>" of each image,
 * followed by " <depth> bits" and " <order>" unless it is 8-bit RGB or grey, a line feed, and the 32 bytes of the SHA-256
 * of its pixels. The pixels are hashed off the event loop.
 */
export class ImagesDigest {
  readonly #hash = createHash("sha256");

  /** Adds one image. Wait for the promise before you add the next. */
  async add(image: RawImage): Promise<void> {
    const { data, width, height, channels, depth = 16, order } = image;
    const bits = data.BYTES_PER_ELEMENT === 1 ? "" : ` ${depth} bits`;
    const pixels = await webcrypto.subtle.digest("SHA-256", withoutGaps(image));
    const line = `${width}x${height}x${channels}${bits}${order === undefined ? "" : ` ${order}`}\n`;
    this.#hash.update(line).update(new Uint8Array(pixels));
  }

  /** Ends the digest and returns it in hexadecimal. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}
