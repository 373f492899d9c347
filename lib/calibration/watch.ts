import { reading } from "../errors/reading.js";
import { invalid } from "../errors/validate.js";
import { resolveOptions } from "../options/option.js";
import { watchOptions, type WatchOptions } from "../options/watch.js";
import { firstAbove, firstAtLeast } from "./ascending.js";
import { checkThresholds, verdictOf, type Thresholds } from "./thresholds.js";

/** In which way a line has changed: scores have become higher or lower, or too many parts are rejected. */
export type Drift = "higher" | "lower" | "rejects";

/** What is known of a line after a part. */
export interface LineState {
  /** Number of parts since the watch began or was reset. */
  parts: number;
  /** How many of them were rejected. */
  rejected: number;
  /** The way in which the line has changed, once it is certain enough; null before. */
  drift: Drift | null;
  /** The evidence for a change, as a share of what raises the alarm: 1 or more has raised it. */
  evidence: number;
}

/** Powers of the bets on p-values: low ones win fast on large changes, high ones surely on small ones. */
const powers = [0.1, 0.2, 0.4, 0.7];

/** As many scores tell the position of a new one to 0.001 %. */
const mostKept = 100_000;

/**
 * Watches the scores of a line for changes of light, camera or material. Made by `Detector.watch`.
 *
 * A part's score is compared with those of the calibration and of all parts before it (conformal p-values; Vovk et al.
 * 2003). If nothing has changed, these p-values are independent, and no bet against it gains on average. The bets are
 * powers of the p-values of both tails, and that a share of parts above `mostRejected` is rejected. Each is restarted
 * with every part (Shiryaev-Roberts), and their average raises the alarm at `partsPerFalseAlarm`, which bounds the mean
 * time between false alarms (e-detectors; Shin, Ramdas & Rinaldo 2023). Rejected parts are left out of the comparison,
 * so defects do not count as a change.
 */
export class Watch {
  readonly #thresholds: Thresholds;
  readonly #limit: number;
  readonly #mostRejected: number;
  readonly #calibrated: readonly number[];
  /** Scores that were not rejected, ascending. */
  #usual: number[];
  #bets: Record<Drift, number[]> = emptyBets();
  #state: LineState = { parts: 0, rejected: 0, drift: null, evidence: 0 };

  /**
   * @param scores Of the calibration, in any order.
   * @throws ReverseDistillationError `INVALID_ARGUMENT`
   */
  constructor(scores: readonly number[], thresholds: Thresholds, options: WatchOptions = {}) {
    const { partsPerFalseAlarm, mostRejected } = resolveOptions(watchOptions, options);
    this.#thresholds = reading("thresholds", () => checkThresholds(thresholds, null));
    this.#limit = partsPerFalseAlarm;
    this.#mostRejected = mostRejected;
    const checked = reading("scores", () => checkScores(scores));
    this.#calibrated = checked.slice(0, firstAtLeast(checked, this.#thresholds.reject));
    this.#usual = [...this.#calibrated];
  }

  /** What is known of the line. */
  get state(): Readonly<LineState> {
    return this.#state;
  }

  /**
   * Adds the next part. Parts must come in the order in which they were made.
   *
   * @param part Its result, or its score.
   * @returns the state after it. A change stays in it until `reset`.
   * @throws ReverseDistillationError `INVALID_ARGUMENT`
   */
  add(part: number | { score: number }): Readonly<LineState> {
    const score = reading("part", () => (typeof part === "object" && part !== null ? part.score : part));
    if (!Number.isFinite(score)) throw invalid("part", "a result of score, or a finite number", part);
    const rejected = verdictOf(score, this.#thresholds) === "reject";
    this.#betOnRejects(rejected);
    if (!rejected) this.#betOnScore(score);
    this.#state = this.#after(rejected);
    return this.#state;
  }

  /** Begins anew, after the reason of a change was removed, with the scores of the calibration only. */
  reset(): void {
    this.#usual = [...this.#calibrated];
    this.#bets = emptyBets();
    this.#state = { parts: 0, rejected: 0, drift: null, evidence: 0 };
  }

  #betOnRejects(rejected: boolean): void {
    const most = this.#mostRejected;
    const bet = (1 + most) / 2;
    this.#stake("rejects", [rejected ? bet / most : (1 - bet) / (1 - most)]);
  }

  #betOnScore(score: number): void {
    const kept = this.#usual;
    const below = firstAtLeast(kept, score);
    const notAbove = firstAbove(kept, score);
    const total = kept.length + 1;
    const upper = (1 + kept.length - below) / total;
    const lower = (1 + notAbove) / total;
    this.#stake(
      "higher",
      powers.map((power) => power * upper ** (power - 1)),
    );
    this.#stake(
      "lower",
      powers.map((power) => power * lower ** (power - 1)),
    );
    if (kept.length < mostKept) kept.splice(below, 0, score);
  }

  /** The Shiryaev-Roberts recursion: what was won so far, and a new stake of 1, are bet again. */
  #stake(drift: Drift, gains: readonly number[]): void {
    const bets = this.#bets[drift];
    gains.forEach((gain, i) => (bets[i] = Math.min(Number.MAX_VALUE, (1 + bets[i]!) * gain)));
  }

  #after(rejected: boolean): LineState {
    const { parts, rejected: before, drift } = this.#state;
    const all = Object.entries(this.#bets) as [Drift, number[]][];
    const count = all.reduce((sum, [, bets]) => sum + bets.length, 0);
    const won = all.map(([name, bets]) => ({ name, sum: bets.reduce((sum, bet) => sum + bet / count, 0) }));
    const evidence = won.reduce((sum, each) => sum + each.sum, 0) / this.#limit;
    const largest = won.reduce((a, b) => (b.sum > a.sum ? b : a)).name;
    return {
      parts: parts + 1,
      rejected: before + (rejected ? 1 : 0),
      drift: drift ?? (evidence >= 1 ? largest : null),
      evidence,
    };
  }
}

/** Sorted, because that is what comparisons need. */
function checkScores(scores: unknown): number[] {
  if (!Array.isArray(scores) || !scores.every(Number.isFinite))
    throw invalid("scores", "a list of numbers", scores);
  return [...(scores as number[])].sort((a, b) => a - b);
}

function emptyBets(): Record<Drift, number[]> {
  return { higher: powers.map(() => 0), lower: powers.map(() => 0), rejects: [0] };
}
