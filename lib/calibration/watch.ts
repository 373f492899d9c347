import { reading } from "../errors/reading.js";
import { invalid } from "../errors/validate.js";
import { resolveOptions } from "../options/option.js";
import {
  watchedStatistics,
  watchOptions,
  type WatchedStatistic,
  type WatchOptions,
} from "../options/watch.js";
import { Bet, ChangeDetector, type Direction } from "./change-detector.js";
import type { ImageStatistics } from "./image-statistics.js";
import { checkThresholds, verdictOf, type Thresholds } from "./thresholds.js";

/** A change of a line. */
export interface Drift {
  /** What has changed most clearly: a statistic of the parts, or the share of them that is rejected. */
  of: WatchedStatistic | "rejects";
  /** The direction of the change. More rejects are "higher". */
  direction: Direction;
}

/** What is known of a line after a part. */
export interface LineState {
  /** Number of parts since the watch began or was reset. */
  parts: number;
  /** How many of them were rejected. */
  rejected: number;
  /** How the line has changed, once it is certain enough; null before. */
  drift: Drift | null;
  /** The evidence for a change, as a share of what raises the alarm: 1 or more has raised it. */
  evidence: number;
}

/** What a watch needs to know of a part: a result of `score` has it. */
export interface WatchedPart {
  score: number;
  /** Statistics of its image. Without them, only its score is watched. */
  image?: Readonly<ImageStatistics>;
}

type Values = Partial<Record<WatchedStatistic, number>>;

/**
 * Watches a line for changes of light, camera or material. Made by `Detector.watch`.
 *
 * The score and the image statistics of a part are compared with those of the calibration and of all parts before it.
 * Bets that one of them has changed, or that a share of parts above `mostRejected` is rejected, gain nothing on average
 * while nothing has. Each collects evidence of its own, an e-detector (Shin, Ramdas & Rinaldo 2023), and needs as much
 * more of it as there are others (Bonferroni). So the probability of a false alarm among n parts is at most
 * n / `partsPerFalseAlarm`. Rejected parts are left out of the comparison, so defects do not count as a change.
 */
export class Watch {
  readonly #thresholds: Thresholds;
  readonly #limit: number;
  readonly #mostRejected: number;
  readonly #good: readonly Values[];
  #detectors: Map<WatchedStatistic, ChangeDetector>;
  #rejects = new Bet();
  #state: LineState = { parts: 0, rejected: 0, drift: null, evidence: 0 };

  /**
   * @param goodParts Those of the calibration, in any order: results of `score`, or scores only. Image statistics are
   * watched if all of them have some.
   * @throws ReverseDistillationError `INVALID_ARGUMENT`
   */
  constructor(
    goodParts: readonly (number | WatchedPart)[],
    thresholds: Thresholds,
    options: WatchOptions = {},
  ) {
    const { partsPerFalseAlarm, mostRejected, statistics } = resolveOptions(watchOptions, options);
    this.#thresholds = reading("thresholds", () => checkThresholds(thresholds, null));
    this.#mostRejected = mostRejected;
    const good = reading("goodParts", () => checkParts(goodParts));
    this.#good = good.filter(({ score }) => !this.#rejected(score!));
    const watched = statistics.filter((name) => good.every((part) => part[name] !== undefined));
    this.#limit = partsPerFalseAlarm * (watched.length + 1);
    this.#detectors = this.#newDetectors(watched);
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
  add(part: number | WatchedPart): Readonly<LineState> {
    const values = reading("part", () => checkPart("part", part));
    const rejected = this.#rejected(values.score!);
    const most = this.#mostRejected;
    const bet = (1 + most) / 2;
    this.#rejects.add(rejected ? bet / most : (1 - bet) / (1 - most));
    if (!rejected) {
      for (const [name, detector] of this.#detectors) {
        const value = values[name];
        if (value !== undefined) detector.add(value);
      }
    }
    this.#state = this.#after(rejected);
    return this.#state;
  }

  /** Begins anew, after the reason of a change was removed, with the parts of the calibration only. */
  reset(): void {
    this.#detectors = this.#newDetectors([...this.#detectors.keys()]);
    this.#rejects = new Bet();
    this.#state = { parts: 0, rejected: 0, drift: null, evidence: 0 };
  }

  #newDetectors(names: readonly WatchedStatistic[]): Map<WatchedStatistic, ChangeDetector> {
    return new Map(names.map((name) => [name, new ChangeDetector(this.#good.map((part) => part[name]!))]));
  }

  #rejected(score: number): boolean {
    return verdictOf(score, this.#thresholds) === "reject";
  }

  #after(rejected: boolean): LineState {
    const { parts, rejected: before, drift } = this.#state;
    const changes: (Drift & { won: number })[] = [
      { of: "rejects", direction: "higher", won: this.#rejects.won },
      ...[...this.#detectors].map(([of, detector]) => ({ of, ...detector.evidence })),
    ];
    const { won, of, direction } = changes.reduce((a, b) => (b.won > a.won ? b : a));
    const evidence = won / this.#limit;
    return {
      parts: parts + 1,
      rejected: before + (rejected ? 1 : 0),
      drift: drift ?? (evidence >= 1 ? { of, direction } : null),
      evidence,
    };
  }
}

function checkParts(parts: unknown): Values[] {
  if (!Array.isArray(parts) || parts.length === 0)
    throw invalid("goodParts", "a list of results of score, or of scores", parts);
  return parts.map((part: unknown, index) => checkPart(`goodParts[${index}]`, part));
}

function checkPart(name: string, part: unknown): Values {
  const given: Partial<WatchedPart> =
    typeof part === "object" && part !== null ? part : { score: part as number };
  const values: Values = { score: given.score!, ...given.image };
  for (const statistic of watchedStatistics) {
    const value = values[statistic];
    if (statistic !== "score" && value === undefined) continue;
    if (!Number.isFinite(value)) throw invalid(name, "a result of score, or a finite number", part);
  }
  return values;
}
