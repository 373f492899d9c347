import { createHash, webcrypto } from "node:crypto";
import type { RawImage } from "./raw-image.js";

/**
 * SHA-256 of images in order, independent of their file formats: over "<width>x<height>x<channels>\n" of each image and
 * the 32 bytes of the SHA-256 of its pixels. The pixels are hashed off the event loop.
 */
export class ImagesDigest {
  readonly #hash = createHash("sha256");

  /** Adds one image. Wait for the promise before you add the next. */
  async add({ data, width, height, channels }: RawImage): Promise<void> {
    const pixels = await webcrypto.subtle.digest("SHA-256", data);
    this.#hash.update(`${width}x${height}x${channels}\n`).update(new Uint8Array(pixels));
  }

  /** Ends the digest and returns it in hexadecimal. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}
