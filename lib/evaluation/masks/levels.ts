/** Values of a mask, one per pixel, of which 0 is the background. */
export interface Levels {
  values: ArrayLike<number>;
  width: number;
  height: number;
  /** Whether compression blurs them, as JPEG's does. */
  lossy: boolean;
  /** Whether they are fractions, of which 1 is white. */
  fractions: boolean;
}

/** How values between the background and white are read. */
export interface Reading {
  /** The smallest value that is marked; undefined if every value but 0 is. */
  threshold: number | undefined;
  /** Whether there are values on both sides of half of white, which could be meant either way. */
  ambiguous: boolean;
}

/** Values below half of white that are told apart. */
const mostValues = 256;

/**
 * Decides which values of a mask are marked:
 *
 * - In a lossy file, those from half of white on.
 * - Otherwise all but 0, if they are few (up to 3) or small (below 128 of 255: labels), or all in the upper half.
 * - Otherwise there are grey levels on both sides of half of white. If each of the lower ones fills a square of 3 x 3
 *   pixels somewhere, they are labels, and all but 0 is marked. If not, they are the soft edges of a blurred or scaled
 *   mask, or traces of compression, and the values from half of white on are marked.
 */
export function readingOf({ values, width, height, lossy, fractions }: Levels): Reading {
  let largest = 0;
  const few = new Set<number>();
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value === 0) continue;
    if (value > largest) largest = value;
    if (few.size <= 3) few.add(value);
  }
  const half = whiteFor(largest, fractions) / 2;
  if (lossy) return { threshold: half, ambiguous: false };
  const low = new Set<number>();
  for (let i = 0; i < values.length && low.size < mostValues; i++) {
    const value = values[i]!;
    if (value !== 0 && value < half) low.add(value);
  }
  const allLow = largest < half;
  if (allLow || low.size === 0) return { threshold: undefined, ambiguous: false };
  if (few.size <= 3) return { threshold: undefined, ambiguous: true };
  const labels = low.size < mostValues && fillSquares(low, values, width, height);
  return { threshold: labels ? undefined : half, ambiguous: true };
}

/** The value of white, as one more than the largest: a power of two from 256 on; 1 for fractions. */
function whiteFor(largest: number, fractions: boolean): number {
  if (fractions && largest <= 1) return 1;
  return Math.max(256, 2 ** Math.ceil(Math.log2(largest + 1)));
}

/** Whether each of these values fills a square of 3 x 3 pixels somewhere. */
function fillSquares(
  wanted: ReadonlySet<number>,
  values: ArrayLike<number>,
  width: number,
  height: number,
): boolean {
  const found = new Set<number>();
  for (let y = 1; y + 1 < height; y++) {
    for (let x = 1; x + 1 < width; x++) {
      const value = values[y * width + x]!;
      if (!wanted.has(value) || found.has(value)) continue;
      let filled = true;
      for (let row = y - 1; row <= y + 1 && filled; row++)
        for (let at = row * width + x - 1; at <= row * width + x + 1; at++) filled &&= values[at] === value;
      if (filled && found.add(value).size === wanted.size) return true;
    }
  }
  return false;
}
