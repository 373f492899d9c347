import { firstAbove, firstAtLeast } from "./ascending.js";

/** The direction of a change. */
export type Direction = "higher" | "lower";

/** Powers of the bets on p-values: low ones win fast on large changes, high ones surely on small ones. */
const powers = [0.1, 0.2, 0.4, 0.7];

/** As many values tell the position of a new one to 0.001 %. */
const mostKept = 100_000;

/**
 * The evidence of Shiryaev and Roberts: what was won so far, and a new stake of 1, are bet on each part. If bets gain
 * nothing on average, evidence of `c` is reached among the first `n` parts with a probability of at most `n / c`.
 */
export class Bet {
  #won = 0;

  get won(): number {
    return this.#won;
  }

  /** @param gain What each unit becomes: 1 on average, if nothing has changed. */
  add(gain: number): void {
    this.#won = Math.min(Number.MAX_VALUE, (1 + this.#won) * gain);
  }
}

/**
 * Tells whether a statistic of the parts of a line has changed. A new value is compared with those of the calibration
 * and of all parts before it. If nothing has changed, the p-values of these comparisons are independent and uniform
 * (Vovk et al. 2003), and no bet against them gains on average.
 */
export class ChangeDetector {
  /** All values so far, ascending. */
  readonly #kept: number[];
  readonly #bets: Record<Direction, Bet[]> = {
    higher: powers.map(() => new Bet()),
    lower: powers.map(() => new Bet()),
  };

  /** @param calibrated Values of good parts, in any order. */
  constructor(calibrated: readonly number[]) {
    this.#kept = [...calibrated].sort((a, b) => a - b);
  }

  /** The evidence for a change, and its more likely direction. */
  get evidence(): { won: number; direction: Direction } {
    const [higher, lower] = [total(this.#bets.higher), total(this.#bets.lower)];
    return {
      won: (higher + lower) / (2 * powers.length),
      direction: higher >= lower ? "higher" : "lower",
    };
  }

  /** Adds the value of the next part. */
  add(value: number): void {
    const kept = this.#kept;
    const below = firstAtLeast(kept, value);
    const size = kept.length + 1;
    this.#bet("higher", (size - below) / size);
    this.#bet("lower", (1 + firstAbove(kept, value)) / size);
    if (kept.length < mostKept) kept.splice(below, 0, value);
  }

  #bet(direction: Direction, pValue: number): void {
    powers.forEach((power, i) => this.#bets[direction][i]!.add(power * pValue ** (power - 1)));
  }
}

function total(bets: readonly Bet[]): number {
  return bets.reduce((sum, { won }) => sum + won, 0);
}
