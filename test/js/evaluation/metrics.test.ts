import { readFileSync } from "node:fs";
import test from "ava";
import { ReverseDistillationError } from "../../../lib/errors/error.js";
import {
  auroc,
  averagePrecision,
  classificationMetrics,
  f1Max,
  type F1Max,
} from "../../../lib/evaluation/metrics/index.js";
import { atOnce } from "../../../lib/errors/long-work.js";
import { sortDescending } from "../../../lib/evaluation/metrics/sort-descending.js";
import { Random } from "../../../lib/random.js";

interface ImageCase {
  name: string;
  divisor: number;
  scores: number[];
  labels: number[];
  expected: { auroc: number; averagePrecision: number; f1Max: F1Max };
}

const golden = JSON.parse(readFileSync(new URL("../golden/metrics.json", import.meta.url), "utf8")) as {
  images: ImageCase[];
};

for (const { name, divisor, scores, labels, expected } of golden.images) {
  for (const Kind of [Float32Array, Float64Array]) {
    test(`metrics of images equal scikit-learn's, ${Kind.name}: ${name}`, (t) => {
      const values = new Kind(scores.map((score) => score / divisor));
      const found = classificationMetrics(values, labels);
      t.true(Math.abs(found.auroc! - expected.auroc) < 1e-9, `AUROC ${found.auroc}, not ${expected.auroc}`);
      t.true(Math.abs(found.averagePrecision! - expected.averagePrecision) < 1e-9);
      t.true(Math.abs(found.f1Max!.f1 - expected.f1Max.f1) < 1e-9);
      t.is(found.f1Max!.threshold, expected.f1Max.threshold);
      t.is(auroc(values, labels), found.auroc);
      t.is(averagePrecision(values, labels), found.averagePrecision);
      t.deepEqual(f1Max(values, labels), found.f1Max);
    });
  }
}

test("AUROC counts pairs, ties half, whatever the scores' sign and magnitude", (t) => {
  const random = new Random("pairs");
  for (let round = 0; round < 30; round++) {
    const scale = 10 ** random.between(-30, 30);
    const scores = Float64Array.from({ length: 60 }, () => Math.round(random.normal() * 6) * scale);
    const labels = Array.from(scores, () => random.below(2) === 1);
    let pairs = 0;
    let ordered = 0;
    scores.forEach((positive, i) => {
      scores.forEach((negative, j) => {
        if (!labels[i] || labels[j]) return;
        pairs++;
        ordered += positive > negative ? 1 : positive === negative ? 0.5 : 0;
      });
    });
    t.true(Math.abs(auroc(scores, labels)! - ordered / pairs) < 1e-12);
  }
});

test("with one class only, or nothing at all, every metric is null", (t) => {
  const undefinedMetrics = { auroc: null, averagePrecision: null, f1Max: null };
  t.deepEqual(classificationMetrics([1, 2, 3], [0, 0, 0]), undefinedMetrics);
  t.deepEqual(classificationMetrics([1, 2, 3], [1, 1, 1]), undefinedMetrics);
  t.deepEqual(classificationMetrics([], []), undefinedMetrics);
});

test("the F1 threshold flags what scores as high as it", (t) => {
  const scores = [0.1, 0.9, 0.5, 0.7];
  const labels = [0, 1, 0, 1];
  t.deepEqual(f1Max(scores, labels), { f1: 1, threshold: 0.7 });
});

test("scores that are not finite, labels that are none, and lists of two lengths are refused", (t) => {
  const refused = (scores: number[], labels: number[], message: RegExp): void => {
    const error = t.throws(() => auroc(scores, labels), { instanceOf: ReverseDistillationError, message });
    t.is(error.code, "INVALID_ARGUMENT");
  };
  refused([1, NaN], [0, 1], /index 1 is NaN/);
  refused([Infinity, 1], [0, 1], /index 0 is Infinity/);
  refused([1, 2], [0, 2], /index 1 is 2/);
  refused([1, 2], [0], /1 labels and 2 scores/);
  t.throws(() => auroc(new Float32Array([0, -Infinity]), [0, 1]), { message: /index 1 is -Infinity/ });
});

test("scores are sorted as a comparison sorts them, and equal ones keep their order", (t) => {
  const random = new Random("order");
  const scores = Float32Array.from([
    ...[3.4e38, -3.4e38, 1e-45, -1e-45, 0, -0, 1, -1, 0, -0],
    ...Array.from({ length: 3000 }, () => random.normal() * 10 ** random.between(-20, 20)),
    ...Array.from({ length: 1000 }, () => random.below(20) - 10),
  ]);
  const expected = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const sorted = atOnce(sortDescending({ scores: scores.slice(), items: Uint32Array.from(scores.keys()) }));
  t.deepEqual([...sorted.items], expected);
  t.deepEqual(
    [...sorted.scores],
    expected.map((index) => scores[index]! + 0),
  );
  t.deepEqual(
    atOnce(sortDescending({ scores: new Float32Array(0), items: new Uint32Array(0) })).items,
    new Uint32Array(0),
  );
});
