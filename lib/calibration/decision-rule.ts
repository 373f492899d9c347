import { calibrationOf, type Calibration, type StoredCalibration } from "./calibration.js";
import { pValueOf } from "./conformal.js";
import type { WatchedPart } from "./watch.js";
import {
  checkThresholds,
  requireAboveZero,
  thresholdsOf,
  verdictOf,
  type Thresholds,
  type Verdict,
} from "./thresholds.js";

/** Turns scores into verdicts and p-values: the calibration, and the thresholds in force. */
export class DecisionRule {
  #stored: StoredCalibration | undefined;
  #calibration: Calibration | null = null;
  #byHand: Thresholds | undefined;

  constructor(stored: StoredCalibration | undefined, byHand: Thresholds | undefined) {
    if (stored !== undefined) this.#keep(stored);
    this.#byHand = byHand && Object.freeze({ ...byHand });
  }

  get calibration(): Calibration | null {
    return this.#calibration;
  }

  /** The thresholds in force: those set by hand, or else those of the calibration. */
  get thresholds(): Readonly<Thresholds> | null {
    return this.#byHand ?? (this.#calibration && thresholdsOf(this.#calibration));
  }

  /** The good parts of the calibration. */
  get goodParts(): WatchedPart[] {
    const { scores, images } = this.#stored ?? { scores: [], images: [] };
    return scores.map((score, i) => ({ score, image: images[i]! }));
  }

  /** What model files store. */
  get stored(): { calibration: StoredCalibration | undefined; thresholds: Thresholds | undefined } {
    return { calibration: this.#stored, thresholds: this.#byHand };
  }

  /** Replaces the calibration, and with it thresholds that were set by hand. */
  calibrate(stored: StoredCalibration): Calibration {
    this.#keep(stored);
    this.#byHand = undefined;
    return this.#calibration!;
  }

  /**
   * Sets thresholds by hand; null returns to those of the calibration.
   *
   * @param masked Whether maps are 0 outside of a region of interest.
   * @throws ReverseDistillationError `INVALID_ARGUMENT` naming the threshold that is wrong.
   */
  setThresholds(value: unknown, masked: boolean): void {
    const checked = value === null ? undefined : checkThresholds(value, this.thresholds);
    if (checked !== undefined && masked) requireAboveZero(checked);
    this.#byHand = checked && Object.freeze(checked);
  }

  judge(score: number): { verdict: Verdict | null; pValue: number | null } {
    const { thresholds } = this;
    return {
      verdict: thresholds && verdictOf(score, thresholds),
      pValue: this.#calibration && pValueOf(this.#calibration.scores, score),
    };
  }

  #keep(stored: StoredCalibration): void {
    this.#calibration = deepFrozen(calibrationOf(stored));
    this.#stored = stored;
  }
}

function deepFrozen<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) deepFrozen(part);
  return Object.freeze(value);
}
