import type { RawImage } from "./raw-image.js";

/** Pixels that are lent to native code, which reads them on another thread. */
export interface LentImage extends RawImage {
  /**
   * Whether this package decoded them, so that no caller can take their memory away. Native code copies all others, except
   * those in memory that it allocated.
   */
  own?: boolean;
}
