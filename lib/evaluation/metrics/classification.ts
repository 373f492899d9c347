import { ReverseDistillationError } from "../../errors/error.js";
import { atOnce, inPieces, type Work } from "../../errors/long-work.js";
import { reading } from "../../errors/reading.js";
import { invalid, show } from "../../errors/validate.js";
import type { Metric } from "./metric.js";
import {
  thresholdMetrics,
  type ClassificationMetrics,
  type F1Max,
  type Threshold,
} from "./threshold-metrics.js";

/** Scores as the metrics take them. Higher is more anomalous; every value must be finite. */
export type Scores = Float32Array | Float64Array | readonly number[];

/** One label per score: 1 or true is anomalous, 0 or false is normal. */
export type Labels = ArrayLike<number | boolean>;

/**
 * Area under the receiver operating characteristic: the probability that an anomalous thing scores
 * higher than a normal one, ties counted half. Equal to scikit-learn's `roc_auc_score`.
 *
 * @returns null if all labels are equal, or there are none.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if scores and labels differ in number, a score
 * is not finite, or a label is none.
 */
export function auroc(scores: Scores, labels: Labels): Metric {
  return classificationMetrics(scores, labels).auroc;
}

/**
 * Average precision: the precision at every distinct threshold, weighted by the recall gained
 * there, not interpolated. Equal to scikit-learn's `average_precision_score`.
 *
 * @returns null if all labels are equal, or there are none (where scikit-learn gives 0 or 1).
 * @throws as {@link auroc}
 */
export function averagePrecision(scores: Scores, labels: Labels): Metric {
  return classificationMetrics(scores, labels).averagePrecision;
}

/**
 * The largest F1 = 2 TP / (2 TP + FP + FN) over all distinct thresholds. It is chosen with the
 * labels at hand, so that it is an upper bound, not what an unseen set will give.
 *
 * @returns null if all labels are equal, or there are none.
 * @throws as {@link auroc}
 */
export function f1Max(scores: Scores, labels: Labels): F1Max | null {
  return classificationMetrics(scores, labels).f1Max;
}

/** {@link auroc}, {@link averagePrecision} and {@link f1Max} from one sort. @throws as {@link auroc} */
export function classificationMetrics(scores: Scores, labels: Labels): ClassificationMetrics {
  const values = reading("scores", () => checkedScores(scores));
  const classes = reading("labels", () => checkedLabels(labels, values.length));
  requireFinite(values);
  const order = new Uint32Array(values.length).map((_, index) => index);
  order.sort((a, b) => values[b]! - values[a]!);
  return atOnce(
    classificationInOrder(
      Float64Array.from(order, (index) => values[index]!),
      Uint8Array.from(order, (index) => classes[index]!),
    ),
  );
}

/**
 * {@link classificationMetrics} of scores in descending order.
 *
 * @param labels 1 or 0 for each score, in the scores' order.
 */
export function* classificationInOrder(
  scores: Float32Array | Float64Array,
  labels: Uint8Array,
): Work<ClassificationMetrics> {
  let positives = 0;
  yield* inPieces(labels.length, (from, to) => {
    for (let i = from; i < to; i++) positives += labels[i]!;
  });
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return eachMetric(() => null);

  const passes = Object.values(thresholdMetrics).map((metric) => metric.start());
  const threshold: Threshold = {
    score: NaN,
    called: 0,
    truePositives: 0,
    tied: 0,
    gained: 0,
    positives,
    negatives,
  };
  yield* inPieces(scores.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const score = scores[i]!;
      threshold.gained += labels[i]!;
      threshold.tied++;
      if (scores[i + 1] === score) continue;

      threshold.score = score;
      threshold.called = i + 1;
      threshold.truePositives += threshold.gained;
      for (const pass of passes) pass.at(threshold);
      threshold.gained = 0;
      threshold.tied = 0;
    }
  });
  return eachMetric((index) => passes[index]!.value());
}

function eachMetric(value: (index: number) => unknown): ClassificationMetrics {
  const keys = Object.keys(thresholdMetrics);
  return Object.fromEntries(keys.map((key, index) => [key, value(index)])) as ClassificationMetrics;
}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the first score that is not a finite number. */
export function requireFinite(scores: Float32Array | Float64Array): void {
  const index = scores.findIndex((score) => !Number.isFinite(score));
  if (index < 0) return;
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `Scores must be finite numbers, but the one at index ${index} is ${scores[index]!}.`,
  );
}

function checkedScores(scores: Scores): Float32Array | Float64Array {
  if (scores instanceof Float32Array || scores instanceof Float64Array) return scores;
  return Float64Array.from(scores, (score, index) => {
    if (typeof score === "number") return score;
    throw invalid(`scores[${index}]`, "a finite number", score);
  });
}

function checkedLabels(labels: Labels, count: number): Uint8Array {
  if (labels.length !== count) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `There must be one label per score, but there are ${labels.length} labels and ${count} scores.`,
    );
  }
  return Uint8Array.from(labels, (label, index) => {
    if (label === 0 || label === 1 || typeof label === "boolean") return Number(label);
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `Labels must be 0, 1, false or true, but the one at index ${index} is ${show(label)}.`,
    );
  });
}
