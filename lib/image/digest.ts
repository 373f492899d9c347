import { createHash, webcrypto } from "node:crypto";
import { withoutGaps } from "./plain-pixels.js";
import type { RawImage } from "./raw-image.js";

/**
 * What identifies an image, independent of its file format: "<width>x<height>x<channels>", followed by " <depth> bits"
 * and " <order>" unless it is 8-bit RGB or grey, a line feed, and the 32 bytes of the SHA-256 of its pixels. The pixels
 * are hashed off the event loop.
 */
export async function imageIdentity(image: RawImage): Promise<Buffer> {
  const { data, width, height, channels, depth = 16, order } = image;
  const bits = data.BYTES_PER_ELEMENT === 1 ? "" : ` ${depth} bits`;
  const pixels = await webcrypto.subtle.digest("SHA-256", withoutGaps(image));
  const line = `${width}x${height}x${channels}${bits}${order === undefined ? "" : ` ${order}`}\n`;
  return Buffer.concat([Buffer.from(line), new Uint8Array(pixels)]);
}

/** SHA-256 of images in order, in hexadecimal. */
export function hashOfImages(identities: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const identity of identities) hash.update(identity);
  return hash.digest("hex");
}

/** Bytes of a short digest: two of a million images are equal by chance once in 30 million model files. */
export const shortDigestBytes = 8;

/** The first bytes of the SHA-256 of an identity, in hexadecimal. */
export function shortDigest(identity: Buffer): string {
  return createHash("sha256")
    .update(identity)
    .digest("hex")
    .slice(0, 2 * shortDigestBytes);
}
