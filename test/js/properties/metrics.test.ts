import test from "ava";
import fc from "fast-check";
import {
  averagePrecision,
  auroc,
  classificationMetrics,
  f1Max,
  PixelScores,
  pixelAuroc,
  pixelAveragePrecision,
  pixelF1Max,
  pixelMetrics,
  pro,
  type PixelMap,
  type PixelMask,
} from "../../../lib/index.js";
import { holds } from "./property.js";

interface Sample {
  scores: number[];
  labels: number[];
}

/** Few distinct scores, so that ties are frequent, and labels that are sometimes all equal. */
const sample: fc.Arbitrary<Sample> = fc
  .array(
    fc.tuple(
      fc.oneof(fc.integer({ min: -4, max: 4 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
      fc.nat(1),
    ),
    {
      maxLength: 40,
    },
  )
  .map((pairs) => ({ scores: pairs.map(([score]) => score), labels: pairs.map(([, label]) => label) }));

const close = (a: number | null, b: number | null, tolerance = 1e-9): boolean =>
  a === null || b === null ? a === b : Math.abs(a - b) <= tolerance;

function split({ scores, labels }: Sample): { positive: number[]; negative: number[] } {
  return {
    positive: scores.filter((_, i) => labels[i] === 1),
    negative: scores.filter((_, i) => labels[i] === 0),
  };
}

/** The definition: the share of pairs that are in order, ties counted half. */
function aurocByPairs(given: Sample): number | null {
  const { positive, negative } = split(given);
  if (positive.length === 0 || negative.length === 0) return null;
  const pairs = positive.flatMap((p) => negative.map((n) => (p > n ? 1 : p === n ? 0.5 : 0)));
  return pairs.reduce<number>((sum, pair) => sum + pair, 0) / pairs.length;
}

/** Counts at a threshold, from which the other metrics are defined. */
function countsAt(given: Sample, threshold: number): { called: number; found: number; positives: number } {
  const { positive, negative } = split(given);
  const found = positive.filter((score) => score >= threshold).length;
  const called = found + negative.filter((score) => score >= threshold).length;
  return { called, found, positives: positive.length };
}

const descending = (scores: readonly number[]): number[] => [...new Set(scores)].sort((a, b) => b - a);

function averagePrecisionByThresholds(given: Sample): number | null {
  const { positive, negative } = split(given);
  if (positive.length === 0 || negative.length === 0) return null;
  let sum = 0;
  let before = 0;
  for (const threshold of descending(given.scores)) {
    const { called, found, positives } = countsAt(given, threshold);
    sum += ((found - before) / positives) * (found / called);
    before = found;
  }
  return sum;
}

function bestF1(given: Sample): number | null {
  const { positive, negative } = split(given);
  if (positive.length === 0 || negative.length === 0) return null;
  return Math.max(
    ...descending(given.scores).map((threshold) => {
      const { called, found, positives } = countsAt(given, threshold);
      return (2 * found) / (called + positives);
    }),
  );
}

test("AUROC is the share of pairs in order, ties counted half", (t) =>
  holds(
    t,
    500,
    fc.property(sample, (given) => close(auroc(given.scores, given.labels), aurocByPairs(given))),
  ));

test("average precision and F1-max follow their definitions over all thresholds", (t) =>
  holds(
    t,
    500,
    fc.property(sample, (given) => {
      const { scores, labels } = given;
      return (
        close(averagePrecision(scores, labels), averagePrecisionByThresholds(given)) &&
        close(f1Max(scores, labels)?.f1 ?? null, bestF1(given))
      );
    }),
  ));

test("the threshold of F1-max gives the F1 that it is said to give", (t) =>
  holds(
    t,
    300,
    fc.property(sample, (given) => {
      const best = f1Max(given.scores, given.labels);
      if (best === null) return true;
      const { called, found, positives } = countsAt(given, best.threshold);
      return close(best.f1, (2 * found) / (called + positives));
    }),
  ));

test("metrics depend on the order of scores alone, and not on the order of images", (t) =>
  holds(
    t,
    300,
    fc.property(sample, fc.integer(), ({ scores, labels }, seed) => {
      // Ranks ascend exactly as the scores do, whatever the scores are.
      const ranks = descending(scores);
      const ranked = scores.map((score) => -ranks.indexOf(score));
      const places = scores.map((_, i) => i).sort((a, b) => Math.imul(a + 1, seed) - Math.imul(b + 1, seed));
      const all = classificationMetrics(scores, labels);
      const others = [
        classificationMetrics(ranked, labels),
        classificationMetrics(
          places.map((i) => scores[i]!),
          places.map((i) => labels[i]!),
        ),
      ];
      return others.every(
        (other) =>
          close(all.auroc, other.auroc) &&
          close(all.averagePrecision, other.averagePrecision) &&
          close(all.f1Max?.f1 ?? null, other.f1Max?.f1 ?? null),
      );
    }),
  ));

test("AUROC of negated scores and of exchanged labels is the complement", (t) =>
  holds(
    t,
    300,
    fc.property(sample, ({ scores, labels }) => {
      const value = auroc(scores, labels);
      const negated = auroc(
        scores.map((score) => -score),
        labels,
      );
      const exchanged = auroc(
        scores,
        labels.map((label) => 1 - label),
      );
      const complement = value === null ? null : 1 - value;
      return close(negated, complement) && close(exchanged, complement);
    }),
  ));

test("a higher score of an anomalous image never lowers AUROC or F1-max", (t) =>
  holds(
    t,
    300,
    fc.property(
      sample,
      fc.nat(),
      fc.double({ min: 0, max: 10, noNaN: true }),
      ({ scores, labels }, at, more) => {
        const anomalous = labels.flatMap((label, i) => (label === 1 ? [i] : []));
        if (anomalous.length === 0) return true;
        const raised = [...scores];
        raised[anomalous[at % anomalous.length]!]! += more;
        const before = classificationMetrics(scores, labels);
        const after = classificationMetrics(raised, labels);
        const notLower = (a: number | null, b: number | null): boolean => a === null || b! >= a - 1e-12;
        return (
          notLower(before.auroc, after.auroc) && notLower(before.f1Max?.f1 ?? null, after.f1Max?.f1 ?? null)
        );
      },
    ),
  ));

interface Picture {
  map: PixelMap;
  mask: PixelMask;
}

const picture: fc.Arbitrary<Picture> = fc
  .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }))
  .chain(([height, width]) =>
    fc.record({
      data: fc.array(fc.integer({ min: -3, max: 9 }), {
        minLength: height * width,
        maxLength: height * width,
      }),
      mask: fc.option(
        fc.array(fc.constantFrom(0, 0, 1, 255), { minLength: height * width, maxLength: height * width }),
      ),
      height: fc.constant(height),
      width: fc.constant(width),
    }),
  )
  .map(({ data, mask, height, width }) => ({
    map: { data: Float32Array.from(data), height, width },
    mask: mask && Uint8Array.from(mask),
  }));
const pictures = fc.array(picture, { maxLength: 4 });

const apart = (all: readonly Picture[]): [PixelMap[], PixelMask[]] => [
  all.map(({ map }) => map),
  all.map(({ mask }) => mask),
];

test("pixel metrics are the metrics of all pixels as one list", (t) =>
  holds(
    t,
    300,
    fc.property(pictures, (all) => {
      const [maps, masks] = apart(all);
      const scores = maps.flatMap(({ data }) => [...data]);
      const labels = all.flatMap(({ map, mask }) =>
        Array.from(mask ?? map.data, (v) => (mask && v !== 0 ? 1 : 0)),
      );
      const expected = classificationMetrics(scores, labels);
      const found = pixelMetrics(maps, masks);
      return (
        close(found.auroc, expected.auroc) &&
        close(found.averagePrecision, expected.averagePrecision) &&
        close(found.f1Max?.f1 ?? null, expected.f1Max?.f1 ?? null) &&
        pixelAuroc(maps, masks) === found.auroc &&
        pixelAveragePrecision(maps, masks) === found.averagePrecision &&
        pixelF1Max(maps, masks)?.f1 === found.f1Max?.f1
      );
    }),
  ));

/** The regions of a mask that touch by a side or a corner, by repeated merging: slow, and obvious. */
function regionsOf({ map: { height, width }, mask }: Picture): number[][] {
  const marked = Array.from({ length: height * width }, (_, i) => i).filter(
    (i) => mask !== null && mask[i] !== 0,
  );
  const touch = (a: number, b: number): boolean =>
    Math.abs(Math.floor(a / width) - Math.floor(b / width)) <= 1 && Math.abs((a % width) - (b % width)) <= 1;
  let regions = marked.map((pixel) => [pixel]);
  for (let merged = true; merged;) {
    merged = false;
    for (const region of regions) {
      const other = regions.find(
        (each) => each !== region && each.some((a) => region.some((b) => touch(a, b))),
      );
      if (other === undefined) continue;
      regions = [...regions.filter((each) => each !== region && each !== other), [...region, ...other]];
      merged = true;
      break;
    }
  }
  return regions;
}

/** PRO by its definition: the curve at every threshold, cut at maxFpr, by trapezoids. */
function proByThresholds(all: readonly Picture[], maxFpr: number): number | null {
  const regions = all.flatMap((each) =>
    regionsOf(each).map((region) => region.map((pixel) => each.map.data[pixel]!)),
  );
  const normal = all.flatMap(({ map, mask }) =>
    [...map.data].filter((_, i) => mask === null || mask[i] === 0),
  );
  if (regions.length === 0 || normal.length === 0) return null;
  const share = (values: readonly number[], threshold: number): number =>
    values.filter((value) => value >= threshold).length / values.length;
  const points = descending(all.flatMap(({ map }) => [...map.data])).map((threshold) => ({
    fpr: share(normal, threshold),
    overlap: regions.reduce((sum, region) => sum + share(region, threshold), 0) / regions.length,
  }));
  let area = 0;
  let last = { fpr: 0, overlap: 0 };
  for (const point of points) {
    if (point.fpr > last.fpr && last.fpr < maxFpr) {
      const end = Math.min(point.fpr, maxFpr);
      const slope = (point.overlap - last.overlap) / (point.fpr - last.fpr);
      area += (end - last.fpr) * (last.overlap + (slope * (end - last.fpr)) / 2);
    }
    last = point;
  }
  return area / maxFpr;
}

const maxFpr = fc.constantFrom(0.05, 0.3, 0.5, 1);

test("PRO follows its definition, by data set and by image", (t) =>
  holds(
    t,
    300,
    fc.property(pictures, maxFpr, (all, limit) => {
      const found = pro(...apart(all), { maxFpr: limit });
      const single = all.flatMap((each) => proByThresholds([each], limit) ?? []);
      const mean = single.length === 0 ? null : single.reduce((sum, value) => sum + value, 0) / single.length;
      return close(found.dataset, proByThresholds(all, limit)) && close(found.imageMean, mean);
    }),
  ));

test("pixel metrics lie between 0 and 1 and do not depend on the order of images", (t) =>
  holds(
    t,
    200,
    fc.property(pictures, (all) => {
      const values = (given: readonly Picture[]): (number | null)[] => {
        const scores = new PixelScores();
        for (const { map, mask } of given) scores.add(map, mask);
        const { auroc, averagePrecision, f1Max, pro } = scores.metrics();
        return [auroc, averagePrecision, f1Max?.f1 ?? null, pro.dataset, pro.imageMean];
      };
      const forwards = values(all);
      const backwards = values([...all].reverse());
      return forwards.every(
        (value, i) => close(value, backwards[i]!) && (value === null || (value >= 0 && value <= 1 + 1e-12)),
      );
    }),
  ));
