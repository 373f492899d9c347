import type { Size } from "./fit.js";
import type { ScorableImage } from "./lent-image.js";

/** A property would go with copies of other pixels. */
const originalSizes = new WeakMap<ScorableImage, Size>();

/** Remembers which image another one was made from. */
export function asShrunk<T extends ScorableImage>(image: T, { height, width }: Size): T {
  originalSizes.set(image, { height, width });
  return image;
}

/** The size that the image had when it was decoded: its own, unless it was shrunk since. */
export function originalSize(image: ScorableImage): Size {
  return originalSizes.get(image) ?? image;
}
