/** One image as a network expects it: 8-bit RGB, rows from the top, channels interleaved. */
export interface Pixels {
  data: Uint8Array;
  dims: [images: 1, height: number, width: number, channels: 3];
}
