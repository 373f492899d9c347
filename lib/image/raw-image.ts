/** Pixels of 8 bits, rows from the top, channels interleaved. 1: grey, 3: RGB, 4: RGB and an alpha that is dropped. */
export interface RawImage {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
}

/** Whether it is raw pixels, which are borrowed from their owner. Whether they are sound is for {@link decodeImage}. */
export function isRawLike(input: unknown): input is RawImage {
  return (
    typeof input === "object" && input !== null && "data" in input && "width" in input && "height" in input
  );
}
