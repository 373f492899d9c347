import type { LevelRange } from "../options/levels.js";
import type { RawImage } from "./raw-image.js";
import { sampledValues } from "./sampled-values.js";

/** Depths that a camera or a file may have. */
const depths = [8, 10, 12, 14, 16];

/** The share of values that may lie outside at each end, such as hot pixels. */
const outliers = 1e-4;

/**
 * Derives the levels "auto" from the training images. 8-bit images do not count.
 *
 * - Images that state a depth below 16 bits are taken at their word.
 * - The depth of the others is the smallest of 8, 10, 12, 14 and 16 bits that holds all their values but for outliers. If
 *   the values fill less than an eighth of it, as in pictures that are nowhere dark, black and white are set so that the
 *   values fill half of the range.
 * - If all agree on one depth below 16 bits, or on such black and white, these are the levels. Otherwise the levels are
 *   "full": each image is read at its own depth.
 */
export class LevelMeter {
  /** How many values there were of each level, in images that state no depth. */
  readonly #counts = new Float64Array(65_536);
  readonly #stated = new Set<number>();
  #total = 0;

  add(image: RawImage): void {
    if (image.data.BYTES_PER_ELEMENT === 1) return;
    if (image.depth !== undefined && image.depth < 16) {
      this.#stated.add(image.depth);
      return;
    }
    const values = sampledValues(image);
    for (const value of values) this.#counts[value]! += 1;
    this.#total += values.length;
  }

  /** The levels; undefined for "full". */
  levels(): LevelRange | undefined {
    const found = [...this.#stated].map((depth) => ({ black: 0, white: 2 ** depth - 1 }));
    if (this.#total > 0) {
      const measured = this.#measured();
      if (measured === undefined) return undefined;
      found.push(measured);
    }
    const [first, ...others] = found;
    const agree = others.every(({ black, white }) => black === first!.black && white === first!.white);
    return agree ? first : undefined;
  }

  #measured(): LevelRange | undefined {
    const darkest = this.#quantile(outliers);
    const brightest = this.#quantile(1 - outliers);
    if (darkest === brightest) return undefined;
    const white = 2 ** depths.find((depth) => brightest < 2 ** depth)! - 1;
    const range = brightest - darkest;
    if (range >= (white + 1) / 8) return white === 65_535 ? undefined : { black: 0, white };
    const margin = Math.ceil(range / 2);
    return { black: Math.max(0, darkest - margin), white: Math.min(65_535, brightest + margin) };
  }

  /** The value that this share of all values does not exceed. */
  #quantile(share: number): number {
    let left = share * this.#total;
    let level = 0;
    while ((left -= this.#counts[level]!) > 0 && level < 65_535) level += 1;
    return level;
  }
}
