import type { RawImage } from "./raw-image.js";

/** An image that native code can score: raw pixels, or those that it has resized already. */
export interface ScorableImage extends Omit<RawImage, "data"> {
  /** Values of more than 8 bits are float32 once they are resized, in their own range. */
  data: RawImage["data"] | Float32Array;
}

/** Pixels that are lent to native code, which reads them on another thread. */
export interface LentImage extends ScorableImage {
  /**
   * Whether this package decoded them, so that no caller can take their memory away. Native code copies all others, except
   * those in memory that it allocated.
   */
  own?: boolean;
}

/** A property would not do: callers could set it on pixels of theirs. */
const decodedHere = new WeakSet<ScorableImage>();

/** Remembers that this package decoded the image, and that nobody else holds its pixels. */
export function asDecodedHere<T extends ScorableImage>(image: T): T {
  decodedHere.add(image);
  return image;
}

/** The image as native code takes it. */
export function lend(image: ScorableImage): LentImage {
  return decodedHere.has(image) ? { ...image, own: true } : image;
}
