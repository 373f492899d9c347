import type { PixelOrder } from "./raw-image.js";

/** The place of red in each block of 2 x 2 pixels; blue is diagonally opposite. */
const redPlaces: Partial<Record<PixelOrder, [row: number, column: number]>> = {
  bayer_rggb: [0, 0],
  bayer_grbg: [0, 1],
  bayer_gbrg: [1, 0],
  bayer_bggr: [1, 1],
};

/**
 * Interpolates the colours of a Bayer sensor, as the addon does: a missing colour is the mean of its 2 or 4 nearest
 * neighbours, rounded half up. At the border the picture is mirrored without repeating the edge, which keeps the pattern.
 *
 * @param values One per pixel, without padding; at least 2 x 2.
 * @returns three values per pixel, of the same type.
 */
export function demosaic<T extends Uint8Array | Uint16Array>(
  values: T,
  { width, height, order }: { width: number; height: number; order: PixelOrder },
): T {
  const [redRow, redColumn] = redPlaces[order]!;
  const rgb = new (values.constructor as new (length: number) => T)(3 * width * height);
  const mirrored = (index: number, size: number) =>
    index < 0 ? -index : index < size ? index : 2 * (size - 1) - index;
  for (let y = 0, to = 0; y < height; y++) {
    const here = y * width;
    const above = mirrored(y - 1, height) * width;
    const below = mirrored(y + 1, height) * width;
    const inRedRow = y % 2 === redRow;
    const [own, other] = inRedRow ? [0, 2] : [2, 0];
    for (let x = 0; x < width; x++, to += 3) {
      const left = mirrored(x - 1, width);
      const right = mirrored(x + 1, width);
      const beside = values[here + left]! + values[here + right]!;
      const upright = values[above + x]! + values[below + x]!;
      const isGreen = (x % 2 === redColumn) !== inRedRow;
      if (isGreen) {
        rgb[to + own] = (beside + 1) >> 1;
        rgb[to + 1] = values[here + x]!;
        rgb[to + other] = (upright + 1) >> 1;
      } else {
        const corners =
          values[above + left]! + values[above + right]! + values[below + left]! + values[below + right]!;
        rgb[to + own] = values[here + x]!;
        rgb[to + 1] = (beside + upright + 2) >> 2;
        rgb[to + other] = (corners + 2) >> 2;
      }
    }
  }
  return rgb;
}
