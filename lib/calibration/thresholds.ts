import { invalid, record } from "../errors/validate.js";
import type { Calibration } from "./calibration.js";

/** What is to be done with a part. */
export type Verdict = "accept" | "review" | "reject";

/** The limits of scores and map values that are in force. */
export interface Thresholds {
  /** A part is rejected if its score is at or above it, which means that at least one pixel of its map is. */
  reject: number;
  /** A part is reviewed if its score is at or above it, but below `reject`; at most `reject`. */
  review: number;
  /** Regions of defects end where the map falls below it; at most `reject`. */
  outline: number;
}

/** Thresholds that are set by hand. */
export type GivenThresholds = Pick<Thresholds, "reject"> & Partial<Thresholds>;

/** The thresholds of a calibration. */
export function thresholdsOf({ reject, review, outline }: Calibration): Thresholds {
  return { reject: reject.value, review: review.value, outline };
}

/** The verdict on a score. */
export function verdictOf(score: number, { reject, review }: Thresholds): Verdict {
  return score >= reject ? "reject" : score >= review ? "review" : "accept";
}

/**
 * Checks thresholds and fills in those that are left out: they stay what they are, but at most `reject`, or are equal to
 * it if there are none yet.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming the threshold that is wrong.
 */
export function checkThresholds(value: unknown, current: Thresholds | null): Thresholds {
  const given = record("thresholds", value, ["reject", "review", "outline"]);
  const reject = finite("thresholds.reject", given.reject);
  const upTo = (name: "review" | "outline") => {
    const found = given[name];
    if (found === undefined) return Math.min(reject, current?.[name] ?? reject);
    const checked = finite(`thresholds.${name}`, found);
    if (checked > reject) throw invalid(`thresholds.${name}`, `at most thresholds.reject (${reject})`, found);
    return checked;
  };
  return { reject, review: upTo("review"), outline: upTo("outline") };
}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming a threshold that is not above 0. */
export function requireAboveZero(thresholds: Thresholds): void {
  for (const [name, value] of Object.entries(thresholds)) {
    if (value > 0) continue;
    const why = "above 0, because maps are 0 outside of the region of interest";
    throw invalid(`thresholds.${name}`, why, value);
  }
}

function finite(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw invalid(name, "a finite number", value);
}
