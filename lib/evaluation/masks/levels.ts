import { inPieces, type Work } from "../../errors/long-work.js";

/** The values of a mask, one per pixel. 0 is the background. */
export interface Levels {
  values: Float64Array;
  width: number;
  height: number;
  /** Whether lossy compression has changed them, as in JPEG. */
  lossy: boolean;
  /** Whether they are floats, for which white is 1. */
  fractions: boolean;
}

/** Which values are marked. */
export interface Reading {
  /** The smallest value that is marked; undefined if every value but 0 is. */
  threshold: number | undefined;
  /** Whether there are values both below and above half of white, which can mean labels or soft edges. */
  ambiguous: boolean;
}

/** The largest number of distinct values below half of white that can be labels. */
const mostValues = 256;

/**
 * Decides which values of a mask are marked:
 *
 * - In a lossy file: values from half of white on.
 * - If there are at most 3 different values, or all are below half of white (labels), or none is: all values but 0.
 * - Otherwise there are grey levels both below and above half of white. If each of the lower ones fills a square of
 *   3 x 3 pixels somewhere, they are labels, and all values but 0 are marked. If not, they are the soft edges of a
 *   blurred or scaled mask, or traces of compression, and values from half of white on are marked.
 */
export function* readingOf({ values, width, height, lossy, fractions }: Levels): Work<Reading> {
  let largest = 0;
  const few = new Set<number>();
  yield* inPieces(values.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (value === 0) continue;
      if (value > largest) largest = value;
      if (few.size <= 3) few.add(value);
    }
  });
  const half = whiteFor(largest, fractions) / 2;
  if (lossy) return { threshold: half, ambiguous: false };
  const low = new Set<number>();
  yield* inPieces(values.length, (from, to) => {
    for (let i = from; i < to && low.size < mostValues; i++) {
      const value = values[i]!;
      if (value !== 0 && value < half) low.add(value);
    }
  });
  const allLow = largest < half;
  if (allLow || low.size === 0) return { threshold: undefined, ambiguous: false };
  if (few.size <= 3) return { threshold: undefined, ambiguous: true };
  const labels = low.size < mostValues && (yield* fillSquares(low, values, width, height));
  return { threshold: labels ? undefined : half, ambiguous: true };
}

/** White, plus one: the smallest power of two, from 256, that is above all values. 1 for floats up to 1. */
function whiteFor(largest: number, fractions: boolean): number {
  if (fractions && largest <= 1) return 1;
  return Math.max(256, 2 ** Math.ceil(Math.log2(largest + 1)));
}

/** Whether each of these values fills a square of 3 x 3 pixels somewhere. */
function* fillSquares(
  wanted: ReadonlySet<number>,
  values: Float64Array,
  width: number,
  height: number,
): Work<boolean> {
  const found = new Set<number>();
  for (let y = 1; y + 1 < height; y++) {
    yield;
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
