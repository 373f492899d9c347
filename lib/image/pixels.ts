/** One image as a network takes it: RGB of 8 bits, rows from the top, channels interleaved. */
export interface Pixels {
  data: Uint8Array;
  dims: [images: 1, height: number, width: number, channels: 3];
}
