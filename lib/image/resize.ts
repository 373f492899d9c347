/**
 * The antialiased bilinear resize of PIL and torchvision for 8-bit pixels: along the rows, rounded to 8 bits, then down
 * the columns, rounded again. When an image shrinks, each new pixel is a mean of the pixels that it covers, weighted by
 * a triangle. When it grows, each new pixel is interpolated between the centres of its neighbours.
 *
 * @param pixels width x height pixels of `channels` values each, interleaved.
 * @returns newWidth x newHeight pixels in the same layout.
 */
export function resizeBilinear(
  pixels: Uint8Array | Uint8ClampedArray,
  { width, height, channels }: { width: number; height: number; channels: number },
  [newHeight, newWidth]: readonly [height: number, width: number],
): Uint8Array {
  const rows = width === newWidth ? pixels : resizeRows(pixels, { width, height, channels }, newWidth);
  return height === newHeight
    ? Uint8Array.from(rows)
    : resizeColumns(rows, newWidth * channels, height, newHeight);
}

/** Which old pixels each new pixel of one axis is computed from. */
export interface Taps {
  /** For each new pixel: the first old pixel that contributes, and the number of those that do. */
  first: Int32Array;
  count: Int32Array;
  /** Their weights: `stride` values per new pixel. */
  weights: Float64Array;
  stride: number;
}

export function triangleTaps(size: number, newSize: number): Taps {
  const scale = size / newSize;
  const support = Math.max(scale, 1);
  const stride = 2 * Math.ceil(support) + 1;
  const taps: Taps = {
    first: new Int32Array(newSize),
    count: new Int32Array(newSize),
    weights: new Float64Array(newSize * stride),
    stride,
  };
  for (let i = 0; i < newSize; i++) {
    const centre = (i + 0.5) * scale;
    // PIL ends the triangle at the pixels whose centres are nearest to its ends.
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(size, Math.trunc(centre + support + 0.5));
    taps.first[i] = first;
    taps.count[i] = end - first;
    const weights = taps.weights.subarray(i * stride, i * stride + end - first);
    for (let j = 0; j < weights.length; j++) {
      weights[j] = Math.max(0, 1 - Math.abs((first + j - centre + 0.5) / support));
    }
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (let j = 0; j < weights.length; j++) weights[j]! /= sum;
  }
  return taps;
}

function resizeRows(
  pixels: Uint8Array | Uint8ClampedArray,
  { width, height, channels }: { width: number; height: number; channels: number },
  newWidth: number,
): Uint8Array {
  const { first, count, weights, stride } = triangleTaps(width, newWidth);
  const resized = new Uint8Array(height * newWidth * channels);
  let target = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++) {
      const source = (y * width + first[x]!) * channels;
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let j = 0; j < count[x]!; j++) {
          sum += weights[x * stride + j]! * pixels[source + j * channels + channel]!;
        }
        resized[target++] = Math.floor(sum + 0.5);
      }
    }
  }
  return resized;
}

/** @param rowLength Values per row, in all channels. */
function resizeColumns(
  pixels: Uint8Array | Uint8ClampedArray,
  rowLength: number,
  height: number,
  newHeight: number,
): Uint8Array {
  const { first, count, weights, stride } = triangleTaps(height, newHeight);
  const resized = new Uint8Array(newHeight * rowLength);
  const sums = new Float64Array(rowLength);
  for (let y = 0; y < newHeight; y++) {
    sums.fill(0);
    for (let j = 0; j < count[y]!; j++) {
      const weight = weights[y * stride + j]!;
      const source = (first[y]! + j) * rowLength;
      for (let x = 0; x < rowLength; x++) sums[x]! += weight * pixels[source + x]!;
    }
    for (let x = 0; x < rowLength; x++) resized[y * rowLength + x] = Math.floor(sums[x]! + 0.5);
  }
  return resized;
}
