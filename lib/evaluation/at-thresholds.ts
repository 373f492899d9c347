import { shareInterval } from "../calibration/beta-quantile.js";
import type { Thresholds } from "../calibration/thresholds.js";

/** How often something happened, and the 95 % interval (Clopper-Pearson) of how often it happens. */
export interface ObservedRate {
  count: number;
  /** Out of how many. */
  total: number;
  /** count / total; null if there are none. */
  share: number | null;
  interval: [low: number, high: number] | null;
}

/** What one threshold does to the test images. */
export interface AtThreshold {
  threshold: number;
  /** Good images that score at or above it. */
  falseAlarms: ObservedRate;
  /** Defective images that score below it. */
  escapes: ObservedRate;
}

/** What the detector's thresholds do to the test images. */
export interface AtThresholds {
  reject: AtThreshold;
  review: AtThreshold;
}

/** Counts false alarms and escapes. */
export function atThresholds(
  scores: readonly number[],
  defective: readonly boolean[],
  { reject, review }: Pick<Thresholds, "reject" | "review">,
): AtThresholds {
  const at = (threshold: number): AtThreshold => {
    const called = scores.map((score) => score >= threshold);
    const count = (label: boolean, answer: boolean) =>
      defective.filter((each, i) => each === label && called[i] === answer).length;
    return {
      threshold,
      falseAlarms: rate(count(false, true), count(false, false)),
      escapes: rate(count(true, false), count(true, true)),
    };
  };
  return { reject: at(reject), review: at(review) };
}

function rate(count: number, others: number): ObservedRate {
  const total = count + others;
  if (total === 0) return { count, total, share: null, interval: null };
  return { count, total, share: count / total, interval: shareInterval(count, total) };
}
