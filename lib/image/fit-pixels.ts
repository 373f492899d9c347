import type { Frame, Rectangle, Size } from "./fit.js";
import { rowStride, type RawImage } from "./raw-image.js";

/** Pixels of any depth. */
type Values = Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array;

/** A rectangle of an image, in the same memory. It must begin at an even row and column of a Bayer pattern. */
export function partOf(image: RawImage, { left, top, height, width }: Rectangle): RawImage {
  if (height === image.height && width === image.width) return image;
  const stride = rowStride(image);
  const first = (top * stride) / image.data.BYTES_PER_ELEMENT + left * image.channels;
  return { ...image, data: image.data.subarray(first), height, width, stride };
}

/** Centres RGB pixels in the frame; the outermost ones continue to its edges, as in native/pipeline/fit.cpp. */
export function paddedTo<T extends Values>(pixels: T, { height, width }: Size, frame: Frame): T {
  if (height === frame.height && width === frame.width) return pixels;
  const padded = empty(pixels, frame.height * frame.width * 3);
  const [top, left] = [Math.floor((frame.height - height) / 2), Math.floor((frame.width - width) / 2)];
  const inside = (at: number, length: number) => Math.min(Math.max(at, 0), length - 1);
  for (let y = 0; y < frame.height; y++) {
    const row = inside(y - top, height) * width;
    for (let x = 0; x < frame.width; x++) {
      const from = 3 * (row + inside(x - left, width));
      padded.set(pixels.subarray(from, from + 3), 3 * (y * frame.width + x));
    }
  }
  return padded;
}

/** The part of values [frame.height, frame.width, channels] that shows an image of this size in the frame. */
export function withoutPadding<T extends Values>(
  values: T,
  { height, width }: Size,
  frame: Frame,
  channels: number,
): T {
  if (height === frame.height && width === frame.width) return values;
  const shown = empty(values, height * width * channels);
  const [top, left] = [Math.floor((frame.height - height) / 2), Math.floor((frame.width - width) / 2)];
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * frame.width + left) * channels;
    shown.set(values.subarray(from, from + width * channels), y * width * channels);
  }
  return shown;
}

function empty<T extends Values>(like: T, length: number): T {
  return new (like.constructor as new (length: number) => T)(length);
}
