import type { LevelRange } from "../options/levels.js";
import { triangleTaps } from "./resize.js";

/**
 * Like `resizeBilinear`, but for values of up to 16 bits and without rounding. The results are then mapped linearly so
 * that black becomes 0 and white 255, and limited to that range.
 *
 * @param values width x height pixels of `channels` values each, interleaved.
 * @returns newWidth x newHeight of them, from 0 to 255.
 */
export function resizeDeep(
  values: Uint16Array,
  { width, height, channels }: { width: number; height: number; channels: number },
  [newHeight, newWidth]: readonly [height: number, width: number],
  { black, white }: LevelRange,
): Float32Array {
  const [rows, columns] = [triangleTaps(height, newHeight), triangleTaps(width, newWidth)];
  const resized = new Float32Array(newWidth * newHeight * channels);
  const length = width * channels;
  const scale = 255 / (white - black);
  const sums = new Float64Array(length);
  for (let y = 0, to = 0; y < newHeight; y++) {
    sums.fill(0);
    for (let j = 0; j < rows.count[y]!; j++) {
      const weight = rows.weights[y * rows.stride + j]!;
      const source = (rows.first[y]! + j) * length;
      for (let i = 0; i < length; i++) sums[i]! += weight * values[source + i]!;
    }
    for (let x = 0; x < newWidth; x++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let j = 0; j < columns.count[x]!; j++) {
          sum +=
            columns.weights[x * columns.stride + j]! * sums[(columns.first[x]! + j) * channels + channel]!;
        }
        resized[to++] = Math.min(255, Math.max(0, (sum - black) * scale));
      }
    }
  }
  return resized;
}
