import type { ReadFormat } from "./formats.js";

/** An image as its file holds it, at its own depth: rows from the top, channels interleaved. */
export interface Samples {
  /** height x width x channels values. */
  data: Uint8Array | Uint16Array | Int8Array | Int16Array | Uint32Array | Int32Array | Float32Array;
  width: number;
  height: number;
  /** 1: grey, 2: grey and alpha, 3: RGB, 4: RGB and alpha. */
  channels: 1 | 2 | 3 | 4;
  /**
   * Significant bits of a value, up to the size of its type: white is 2 ** depth - 1. A camera's 12 bits in a file of
   * 16 are known as 12 only if the file says so.
   */
  depth: number;
  format: ReadFormat;
}

/** The colours alone: grey of grey and alpha, RGB of RGB and alpha, in memory of their own. */
export function withoutAlpha(samples: Samples): Samples {
  const { data, width, height, channels } = samples;
  if (channels === 1 || channels === 3) return samples;
  const kept = channels === 2 ? 1 : 3;
  const pixels = new (data.constructor as new (length: number) => Samples["data"])(width * height * kept);
  for (let from = 0, to = 0; to < pixels.length; from += channels) {
    for (let channel = 0; channel < kept; channel++) pixels[to++] = data[from + channel]!;
  }
  return { ...samples, data: pixels, channels: kept };
}
