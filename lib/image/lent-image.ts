import type { RawImage } from "./raw-image.js";

/** Pixels that are lent to native code, which reads them on another thread. */
export interface LentImage extends RawImage {
  /**
   * Whether this package decoded them, so that no caller can take their memory away. Native code copies all others, except
   * those in memory that it allocated.
   */
  own?: boolean;
}

/** A property would not do: callers could set it on pixels of theirs. */
const decodedHere = new WeakSet<RawImage>();

/** Remembers that this package decoded the image, and that nobody else holds its pixels. */
export function asDecodedHere(image: RawImage): RawImage {
  decodedHere.add(image);
  return image;
}

/** The image as native code takes it. */
export function lend(image: RawImage): LentImage {
  return decodedHere.has(image) ? { ...image, own: true } : image;
}
