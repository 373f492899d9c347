import type { Reported } from "./metric.js";

/** The best F1 and its threshold. */
export interface F1Max {
  /** The largest F1 of all thresholds. */
  f1: number;
  /** Scores from this value on count as anomalous (>=). The largest such value if there are several. */
  threshold: number;
}

/** One of the distinct scores as the threshold: this score and higher ones count as anomalous. */
export interface Threshold {
  score: number;
  /** Number of items that count as anomalous. */
  called: number;
  /** Number of these that are anomalous. */
  truePositives: number;
  /** Number of items with exactly this score. */
  tied: number;
  /** Number of these that are anomalous. */
  gained: number;
  /** Number of anomalous and of normal items in total. Neither is 0. */
  positives: number;
  negatives: number;
}

/** A metric of scores and labels, computed in one pass over the thresholds from the largest down. */
interface ThresholdMetric<Value> extends Reported<Value> {
  /** Begins a pass. The threshold passed to `at` is reused after the call. */
  start(): { at(threshold: Readonly<Threshold>): void; value(): Value };
}

/**
 * All metrics of image scores, which are also computed for pixels. Each one declared here appears under its key in reports
 * and their JSON, and under its titles in the table.
 */
export const thresholdMetrics = {
  /** Area under the receiver operating characteristic. */
  auroc: declared<number>({
    columns: [{ title: "AUROC", number: (value) => value }],
    start() {
      let orderedPairs = 0;
      let pairs = 0;
      return {
        at({ called, truePositives, tied, gained, positives, negatives }) {
          const negativesBelow = negatives - (called - truePositives);
          orderedPairs += gained * (negativesBelow + (tied - gained) / 2);
          pairs = positives * negatives;
        },
        value: () => orderedPairs / pairs,
      };
    },
  }),
  /** Average precision, not interpolated. */
  averagePrecision: declared<number>({
    columns: [{ title: "AP", number: (value) => value }],
    start() {
      let precisions = 0;
      let all = 0;
      return {
        at({ called, truePositives, gained, positives }) {
          precisions += gained * (truePositives / called);
          all = positives;
        },
        value: () => precisions / all,
      };
    },
  }),
  /** The largest F1 = 2 TP / (2 TP + FP + FN). */
  f1Max: declared<F1Max>({
    columns: [
      { title: "F1 max", number: ({ f1 }) => f1, leftOutOf: "pixels" },
      { title: "from score", number: ({ threshold }) => threshold, leftOutOf: "pixels" },
    ],
    start() {
      const best: F1Max = { f1: -1, threshold: NaN };
      return {
        at({ score, called, truePositives, positives }) {
          const f1 = (2 * truePositives) / (called + positives);
          if (f1 > best.f1) Object.assign(best, { f1, threshold: score });
        },
        value: () => best,
      };
    },
  }),
};

/** Infers the type of a metric's value. */
function declared<Value>(metric: ThresholdMetric<Value>): ThresholdMetric<Value> {
  return metric;
}

type Values<Metrics extends Record<string, { start: () => { value: () => unknown } }>> = {
  [Key in keyof Metrics]: ReturnType<ReturnType<Metrics[Key]["start"]>["value"]> | null;
};

/** How well anomalous items are told from normal ones. Every metric is null if one of the two classes is missing. */
export interface ClassificationMetrics extends Values<typeof thresholdMetrics> {}
