import test from "ava";
import { betaQuantile, shareInterval } from "../../../lib/calibration/beta-quantile.js";
import { calibrationOf, rateAt } from "../../../lib/calibration/calibration.js";
import { lowestRate, neededFor, pValueOf, rankFor } from "../../../lib/calibration/conformal.js";
import { findOutliers } from "../../../lib/calibration/outliers.js";
import { PixelQuantile } from "../../../lib/calibration/pixel-quantile.js";
import { Random } from "../../../lib/random.js";

const plain = { extrapolate: false, falseAlarms: undefined, review: undefined };

/** Scores of good parts: skewed, and without ties. */
function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => Math.exp(random.normal()));
}

test("quantiles of the beta distribution are those of scipy.stats.beta.ppf", (t) => {
  const reference = [
    [0.025, 2, 198, 0.0012194579164751512],
    [0.975, 2, 198, 0.0276787129163816],
    [0.025, 1, 42, 0.0006026233016035741],
    [0.975, 1, 42, 0.08408385494035513],
    [0.025, 100, 9901, 0.008143596567611065],
    [0.975, 5000, 5001, 0.5097486483484014],
    [0.5, 3, 3, 0.5],
    [0.025, 1, 1, 0.025],
  ] as const;
  for (const [probability, a, b, expected] of reference) {
    const found = betaQuantile(probability, a, b);
    t.true(Math.abs(found / expected - 1) < 1e-9, `${probability} of Beta(${a}, ${b}): ${found}`);
  }
});

test("Clopper-Pearson intervals reach 0 and 1 at the ends, and contain the share in between", (t) => {
  t.deepEqual(shareInterval(0, 0), [0, 1]);
  t.is(shareInterval(0, 20)[0], 0);
  t.true(Math.abs(shareInterval(0, 20)[1] - (1 - 0.025 ** (1 / 20))) < 1e-12);
  t.is(shareInterval(20, 20)[1], 1);
  const [low, high] = shareInterval(3, 20);
  t.true(low < 0.15 && high > 0.15);
});

test("the threshold for a rate is the ceil((n + 1)(1 - a))-th smallest score, also where products round", (t) => {
  for (let n = 1; n <= 400; n++) {
    for (const part of [1, 2, 5, 10, 20, 50]) {
      // In whole thousandths, nothing rounds.
      const exact = Math.ceil(((n + 1) * (1000 - part)) / 1000);
      t.is(rankFor(part / 1000, n), exact, `${part / 1000} of ${n}`);
    }
    t.is(rankFor(lowestRate(n), n), n);
    t.is(neededFor(lowestRate(n)), n);
  }
  const scores = Array.from({ length: 199 }, (_, i) => i + 1);
  const { reject, review } = calibrationOf({ scores, outline: 0, ...plain, falseAlarms: 0.01, review: 0.05 });
  t.is(reject.value, 198);
  t.is(review.value, 190);
  t.like(reject, { rate: 0.01, images: 199, estimate: false });
});

test("a threshold of any value promises what the largest score promises that is not above it", (t) => {
  const scores = Array.from({ length: 199 }, (_, i) => i + 1);
  const { reject, review } = calibrationOf({ scores, outline: 0, ...plain, falseAlarms: 0.01, review: 0.05 });
  t.deepEqual(rateAt(scores, reject.value), reject);
  t.deepEqual(rateAt(scores, review.value), review);
  t.deepEqual(rateAt(scores, 190.5), { ...review, value: 190.5 });
  t.is(rateAt(scores, 1000).rate, 1 / 200);
  const [low, high] = rateAt(scores, 0.5).interval!;
  t.is(rateAt(scores, 0.5).rate, 1);
  t.true(low > 0.98 && low < 1 && high === 1);
});

test("over many calibrations, as many good parts exceed a threshold as it promises, and as often as its interval says", (t) => {
  const random = new Random("promise");
  const [rate, n, runs, parts] = [0.05, 59, 400, 400];
  let exceeding = 0;
  let within = 0;
  for (let run = 0; run < runs; run++) {
    const { reject } = calibrationOf({ scores: draw(random, n), outline: 0, ...plain, falseAlarms: rate });
    const alarms = draw(random, parts).filter((score) => score >= reject.value).length;
    exceeding += alarms;
    // The true rate is met up to its own sampling error, so count by the widened interval.
    const [low, high] = reject.interval!;
    const error = 2 * Math.sqrt((rate * (1 - rate)) / parts);
    if (alarms / parts >= low - error && alarms / parts <= high + error) within++;
  }
  const found = exceeding / (runs * parts);
  // Its standard error is that of the mean of 400 draws of Beta(3, 57): 0.0014.
  t.true(Math.abs(found - rate) < 0.005, `${found}`);
  t.true(within / runs >= 0.93, `${within / runs}`);
});

test("p-values of good parts are at most a with a probability of at most a, and count ties as at least as odd", (t) => {
  t.is(pValueOf([1, 2, 3], 4), 0.25);
  t.is(pValueOf([1, 2, 3], 3), 0.5);
  t.is(pValueOf([1, 2, 2, 3], 2), 4 / 5);
  t.is(pValueOf([1, 2, 3], 0), 1);
  const random = new Random("p-values");
  for (const level of [0.02, 0.1, 0.5]) {
    let below = 0;
    for (let run = 0; run < 4000; run++) {
      const scores = draw(random, 49).sort((a, b) => a - b);
      if (pValueOf(scores, draw(random, 1)[0]!) <= level) below++;
    }
    const error = 4 * Math.sqrt((level * (1 - level)) / 4000);
    t.true(below / 4000 <= level + error, `${level}: ${below / 4000}`);
  }
});

test("without rates, the lowest that the images allow is used, but at least 1 % and 5 %", (t) => {
  const rates = (n: number) => {
    const { reject, review } = calibrationOf({ scores: draw(new Random(n), n), outline: 0, ...plain });
    return [reject.rate, review.rate];
  };
  t.deepEqual(rates(500), [0.01, 0.05]);
  t.deepEqual(rates(99), [0.01, 0.05]);
  t.deepEqual(rates(49), [0.02, 0.05]);
  t.deepEqual(rates(9), [0.1, 0.1]);
});

test("too few images for a rate is an error that says how many are needed, and which rate they allow", (t) => {
  const scores = draw(new Random("few"), 42);
  const error = t.throws(() => calibrationOf({ scores, outline: 0, ...plain, falseAlarms: 0.01 }));
  t.like(error, { code: "INVALID_ARGUMENT" });
  t.regex(error.message, /needs at least 99 good images .* got 42\. 42 images allow 0\.0233/);
  t.notThrows(() => calibrationOf({ scores, outline: 0, ...plain, falseAlarms: 0.0233 }));
});

test("an extrapolated threshold is an estimate above all scores, and is near the true quantile", (t) => {
  const random = new Random("tail");
  const ratios: number[] = [];
  for (let run = 0; run < 200; run++) {
    // Exponential scores, whose tail is known.
    const scores = Array.from({ length: 50 }, () => -Math.log(random.between(1e-12, 1)));
    const { reject } = calibrationOf({ scores, outline: 0, ...plain, falseAlarms: 0.001, extrapolate: true });
    t.true(reject.estimate);
    t.is(reject.interval, null);
    t.true(reject.value >= Math.max(...scores));
    ratios.push(reject.value / -Math.log(0.001));
  }
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  t.true(Math.abs(mean - 1) < 0.1, `${mean}`);
  const few = draw(random, 19);
  t.throws(
    () => calibrationOf({ scores: few, outline: 0, ...plain, falseAlarms: 0.001, extrapolate: true }),
    {
      message: /needs at least 20 good images; got 19/,
    },
  );
});

test("the quantile of pixels is that of the sorted values, up to 0.1 %", (t) => {
  const random = new Random("pixels");
  const values = Float32Array.from({ length: 60_000 }, () => Math.exp(3 * random.normal()) - 0.001);
  const quantile = new PixelQuantile();
  for (let from = 0; from < values.length; from += 10_000) quantile.add(values.subarray(from, from + 10_000));
  const sorted = [...values].sort((a, b) => a - b);
  for (const share of [0.1, 0.5, 0.99, 0.999]) {
    const found = quantile.value(share);
    const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
    t.true(found >= exact && found <= exact * 1.002, `${share}: ${found}, ${exact}`);
  }
});

test("outliers are scores far above the rest; spread alone makes none", (t) => {
  const random = new Random("outliers");
  const good = draw(random, 200).map((score, i) => ({ image: `good ${i}`, score }));
  t.deepEqual(findOutliers(good), []);
  const bad = [
    { image: "a", score: 1000 },
    { image: "b", score: 3000 },
  ];
  t.deepEqual(findOutliers([...bad, ...good]), [bad[1]!, bad[0]!]);
  t.deepEqual(findOutliers([...bad, ...good.slice(0, 5)]), []);
});
