import { demosaic } from "./demosaic.js";
import { isBayer, rowStride, type RawImage } from "./raw-image.js";

/** Unpadded pixels in RGB order. */
export interface PlainPixels {
  data: Uint8Array | Uint8ClampedArray | Uint16Array;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
}

/** Brings raw pixels to RGB order without padding. Pixels that already are returned as they are. */
export function plainPixels(image: RawImage): PlainPixels {
  const { width, height, channels, order } = image;
  const data = withoutGaps(image);
  if (isBayer(image)) {
    const values =
      data instanceof Uint16Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.length);
    return { data: demosaic(values, { width, height, order: order! }), width, height, channels: 3 };
  }
  if (order !== "bgr") return { data, width, height, channels };
  const rgb = data.slice();
  for (let at = 0; at < rgb.length; at += channels) {
    rgb[at] = data[at + 2]!;
    rgb[at + 2] = data[at]!;
  }
  return { data: rgb, width, height, channels };
}

/** The values without the padding between rows. */
export function withoutGaps(image: RawImage): RawImage["data"] {
  const { data, width, height, channels } = image;
  const row = width * channels;
  const stride = rowStride(image) / data.BYTES_PER_ELEMENT;
  if (stride === row) return data;
  const values = new (data.constructor as new (length: number) => typeof data)(row * height);
  for (let y = 0; y < height; y++) values.set(data.subarray(y * stride, y * stride + row), y * row);
  return values;
}
