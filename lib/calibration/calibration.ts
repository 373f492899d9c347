import { counted } from "../errors/counted.js";
import { ReverseDistillationError } from "../errors/error.js";
import { invalid, record } from "../errors/validate.js";
import { fewestHeldOut, rateOptions, requireOrder, type Rates } from "../options/calibration.js";
import { resolveOptions } from "../options/option.js";
import { imageStatistics, type ImageStatistics } from "./image-statistics.js";
import { firstAbove } from "./ascending.js";
import { lowestRate, metRate, neededFor, rankFor } from "./conformal.js";
import { extrapolatedThreshold } from "./tail.js";

/** A threshold for scores, and what is known of the false alarms that it causes. */
export interface CalibratedThreshold {
  /** Scores at or above it exceed the threshold. */
  value: number;
  /** The share of future good parts that exceed it: on average over calibrations, it is at most this. */
  rate: number;
  /**
   * The 95 % interval of the share that this calibration will have, which depends on the images it happened to get; null
   * for an estimate.
   */
  interval: readonly [low: number, high: number] | null;
  /** Number of good images that it comes from. */
  images: number;
  /** Whether it was extrapolated, because there were too few images. Then nothing is promised. */
  estimate: boolean;
}

/** What the scores of good parts say about new scores. */
export interface Calibration {
  /** The scores of the good images, ascending. */
  scores: readonly number[];
  /** Parts at or above it are rejected. */
  reject: CalibratedThreshold;
  /** Parts at or above it, and below `reject`, are reviewed. */
  review: CalibratedThreshold;
  /** The value of maps at which regions end: 99.9 % of the good images' pixels are below it. */
  outline: number;
}

/** What thresholds follow from. */
interface ScoresAndRates extends Rates {
  scores: readonly number[];
  outline: number;
}

/** A calibration as model files store it. */
export interface StoredCalibration extends ScoresAndRates {
  /** The statistics of the good images, in the order of their scores. */
  images: readonly ImageStatistics[];
  /** Set if the scores were computed in 8 bits, from which those of other precisions differ by more than rounding. */
  precision?: "int8" | undefined;
}

/** The share of good images' pixels below {@link Calibration.outline}. */
export const outlineShare = 0.999;

/** The rates if none are given; higher where the images do not allow them. */
const defaultRates = { falseAlarms: 0.01, review: 0.05 };

/** The rates that are used: those given, or else the defaults that the number of images allows. */
function chosenRates({ falseAlarms: given, review }: Rates, n: number): typeof defaultRates {
  const falseAlarms = given ?? Math.min(review ?? 1, Math.max(defaultRates.falseAlarms, lowestRate(n)));
  return { falseAlarms, review: review ?? Math.max(defaultRates.review, falseAlarms) };
}

/**
 * Calibrates thresholds on the scores of good parts.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if there are too few scores for a rate.
 */
export function calibrationOf({ scores: given, outline, ...rates }: ScoresAndRates): Calibration {
  const scores = [...given].sort((a, b) => a - b);
  requireEnough(rates, scores.length);
  const chosen = chosenRates(rates, scores.length);
  const reject = thresholdFor(chosen.falseAlarms, scores);
  const review = thresholdFor(chosen.review, scores);
  return { scores, reject, review, outline: Math.min(outline, review.value) };
}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` if `n` good parts are too few for a rate. */
export function requireEnough(rates: Rates, n: number): void {
  for (const [name, rate] of Object.entries(chosenRates(rates, n))) {
    if (rankFor(rate, n) <= n) continue;
    if (!rates.extrapolate) throw tooFew(name, rate, n);
    if (n < fewestHeldOut) {
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `Extrapolating a threshold needs at least ${fewestHeldOut} good images; got ${n}.`,
      );
    }
  }
}

/** @param scores Ascending, and as many as {@link requireEnough} asks for. */
function thresholdFor(rate: number, scores: readonly number[]): CalibratedThreshold {
  const images = scores.length;
  const rank = rankFor(rate, images);
  return rank <= images
    ? { value: scores[rank - 1]!, rate, interval: metRate(rank, images), images, estimate: false }
    : { value: extrapolatedThreshold(scores, rate), rate, interval: null, images, estimate: true };
}

/**
 * What is known of a threshold of any value: what the largest calibration score that is not above it promises. Nothing
 * is promised below the smallest one.
 *
 * @param scores Ascending.
 */
export function rateAt(scores: readonly number[], value: number): CalibratedThreshold {
  const images = scores.length;
  const rank = firstAbove(scores, value);
  const rate = (images + 1 - rank) / (images + 1);
  const interval = rank === 0 ? ([metRate(1, images)[0], 1] as const) : metRate(rank, images);
  return { value, rate, interval, images, estimate: false };
}

function tooFew(name: string, rate: number, n: number): ReverseDistillationError {
  const allowed =
    n > 0 ? ` ${counted(n, "image")} ${n === 1 ? "allows" : "allow"} ${shownRate(lowestRate(n))}.` : "";
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `A rate of ${rate} (${name}) needs at least ${counted(neededFor(rate), "good image")} that the model was not ` +
      `trained on; got ${n}.${allowed} Pass more images, choose a higher rate, or set extrapolate to get an estimate ` +
      "without a promise.",
  );
}

/** A rate that, if it is typed in, is still allowed: rounded up to three digits. */
function shownRate(rate: number): string {
  const digits = 10 ** (2 - Math.floor(Math.log10(rate)));
  return String(Math.ceil(rate * digits - 1e-9) / digits);
}

/**
 * Reads a stored calibration.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming what is wrong.
 */
export function readCalibration(value: unknown): StoredCalibration {
  const { scores, images, outline, precision, ...rates } = record("calibration", value, [
    "scores",
    "images",
    "outline",
    "precision",
    ...Object.keys(rateOptions),
  ]);
  if (!Array.isArray(scores) || scores.length === 0 || !scores.every(Number.isFinite))
    throw invalid("scores", "a list of numbers", scores);
  if (!Array.isArray(images) || images.length !== scores.length)
    throw invalid("images", "a list of as many statistics as there are scores", images);
  images.forEach((image, index) => {
    const values = Object.values(record(`images[${index}]`, image, imageStatistics));
    if (values.length !== imageStatistics.length || !values.every(Number.isFinite))
      throw invalid(`images[${index}]`, `the numbers ${imageStatistics.join(", ")}`, image);
  });
  if (!Number.isFinite(outline)) throw invalid("outline", "a number", outline);
  if (precision !== undefined && precision !== "int8") throw invalid("precision", '"int8"', precision);
  const checked = resolveOptions(rateOptions, rates, "calibration");
  requireOrder("review", checked);
  requireEnough(checked, scores.length);
  return {
    scores: scores as number[],
    images: images as ImageStatistics[],
    outline: outline as number,
    ...(precision && { precision }),
    ...checked,
  };
}
