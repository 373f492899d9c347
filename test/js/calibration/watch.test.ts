import test from "ava";
import { Watch, type WatchedPart } from "../../../lib/calibration/watch.js";
import type { WatchOptions } from "../../../lib/options/watch.js";
import { Random } from "../../../lib/random.js";

/** Scores of a line; `shift` moves them by so many standard deviations of their logarithms. */
function draw(random: Random, count: number, shift = 0): number[] {
  return Array.from({ length: count }, () => Math.exp(0.2 * (random.normal() + shift)));
}

function watchOf(random: Random, n: number, partsPerFalseAlarm: number): Watch {
  const scores = draw(random, n).sort((a, b) => a - b);
  const reject = scores[n - 1 - Math.floor(n / 100)]!;
  return new Watch(scores, { reject, review: reject, outline: 0 }, { partsPerFalseAlarm });
}

/** The number of parts until a drift is found; Infinity if it is not. */
function partsUntil(watch: Watch, scores: readonly number[]): number {
  const index = scores.findIndex((score) => watch.add(score).drift !== null);
  return index < 0 ? Infinity : index + 1;
}

test("false alarms are as rare as is asked for, also with few images and with defects among the parts", (t) => {
  const random = new Random("quiet");
  for (const n of [30, 200]) {
    let [alarms, parts] = [0, 0];
    for (let run = 0; run < 60; run++) {
      const watch = watchOf(random, n, 1000);
      for (const score of draw(random, 1000)) {
        const defect = random.below(20) === 0;
        parts++;
        if (watch.add(defect ? 100 * score : score).drift === null) continue;
        alarms++;
        watch.reset();
      }
    }
    t.true(alarms <= parts / 1000, `${alarms} alarms in ${parts} parts, with ${n} images`);
  }
});

test("higher scores, lower scores and many rejects are found within 100 parts, at one false alarm in 100,000", (t) => {
  const random = new Random("drift");
  const found = { higher: 0, lower: 0, rejects: 0 };
  for (let run = 0; run < 20; run++) {
    for (const [drift, shift] of [
      ["higher", 1.5],
      ["lower", -1.5],
      ["rejects", 10],
    ] as const) {
      const watch = watchOf(random, 200, 100_000);
      t.is(partsUntil(watch, draw(random, 300)), Infinity);
      const waited = partsUntil(watch, draw(random, 100, shift));
      if (waited <= 100) found[drift]++;
      if (drift === "lower" && waited <= 100) t.like(watch.state.drift, { of: "score", direction: "lower" });
      if (drift === "rejects" && waited <= 100) t.is(watch.state.drift!.of, drift);
    }
  }
  t.deepEqual(found, { higher: 20, lower: 20, rejects: 20 });
});

test("the state counts parts, keeps a drift until it is reset, and takes results as well as scores", (t) => {
  const watch = new Watch([1, 2, 3, 4], { reject: 3.5, review: 3, outline: 1 }, { partsPerFalseAlarm: 100 });
  t.deepEqual(watch.state, { parts: 0, rejected: 0, drift: null, evidence: 0 });
  watch.add(1.5);
  t.like(watch.add({ score: 9 }), { parts: 2, rejected: 1, drift: null });
  for (let i = 0; i < 20; i++) watch.add(9);
  const drift = { of: "rejects", direction: "higher" };
  t.deepEqual({ ...watch.state, evidence: 1 }, { parts: 22, rejected: 21, drift, evidence: 1 });
  for (let i = 0; i < 20; i++) watch.add(2);
  t.deepEqual(watch.state.drift, drift);
  watch.reset();
  t.like(watch.state, { parts: 0, rejected: 0, drift: null });
});

test("a change of light is found by the image, although the scores do not change, and is named", (t) => {
  const random = new Random("light");
  const part = (brightness = 0.5): WatchedPart => ({
    score: Math.exp(0.2 * random.normal()),
    image: {
      brightness: brightness * (1 + 0.01 * random.normal()),
      contrast: 0.2 + 0.01 * random.normal(),
      sharpness: 0.1 + 0.01 * random.normal(),
    },
  });
  const thresholds = { reject: 10, review: 10, outline: 1 };
  const good = Array.from({ length: 100 }, () => part());
  const [watch, others, scores] = [
    new Watch(good, thresholds),
    new Watch(good, thresholds, { statistics: ["score", "contrast", "sharpness"] }),
    new Watch(
      good.map(({ score }) => score),
      thresholds,
    ),
  ];
  for (let i = 0; i < 200; i++)
    for (const each of [watch, others, scores]) t.is(each.add(part()).drift, null);
  let waited = 0;
  while (watch.state.drift === null && waited < 100) {
    const brighter = part(0.55);
    for (const each of [watch, others, scores]) each.add(brighter);
    waited++;
  }
  t.true(waited <= 20, `${waited} parts`);
  t.deepEqual(watch.state.drift, { of: "brightness", direction: "higher" });
  t.is(others.state.drift, null);
  t.is(scores.state.drift, null);
  watch.reset();
  for (let i = 0; i < 50; i++) watch.add(part(0.45));
  t.deepEqual(watch.state.drift, { of: "brightness", direction: "lower" });
});

test("what is no score is refused", (t) => {
  const thresholds = { reject: 3, review: 3, outline: 1 };
  const watch = new Watch([1, 2], thresholds);
  for (const part of [Number.NaN, Infinity, "1", null, undefined, {}, []])
    t.throws(() => watch.add(part as number), { code: "INVALID_ARGUMENT", message: /^part must be/ });
  for (const brightness of [Number.NaN, "1", null]) {
    const part = { score: 1, image: { brightness, contrast: 1, sharpness: 1 } } as WatchedPart;
    t.throws(() => watch.add(part), { code: "INVALID_ARGUMENT", message: /^part must be/ });
  }
  t.is(watch.state.parts, 0);
  t.throws(() => new Watch([], thresholds), { code: "INVALID_ARGUMENT", message: /^goodParts must be/ });
  for (const options of [
    { partsPerFalseAlarm: 10 },
    { mostRejected: 0.9 },
    { statistics: ["colour"] },
    { every: 1 },
  ])
    t.throws(() => new Watch([1, 2], thresholds, options as WatchOptions), { code: "INVALID_ARGUMENT" });
});
