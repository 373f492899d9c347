/** One image as a network expects it: RGB, rows from the top, channels interleaved. */
export interface Pixels {
  /** Of 8 bits. */
  data: Uint8Array;
  dims: [images: 1, height: number, width: number, channels: 3];
  /** Of an image with more than 8 bits: the values from 0 to 255 before they were rounded to `data`. */
  unrounded?: Float32Array;
}

/** What `preprocess` makes of an image. */
export interface PreprocessedImage extends Pixels {
  /** The size of the image before: the input `sizes` of an export whose `fit` is "pad". */
  originalSize: [height: number, width: number];
}
