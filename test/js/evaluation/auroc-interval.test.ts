import test from "ava";
import { atOnce } from "../../../lib/errors/long-work.js";
import {
  aurocInterval,
  tallyImages,
  tallyPixels,
  type Interval,
} from "../../../lib/evaluation/metrics/auroc-interval.js";
import { auroc, pixelAuroc } from "../../../lib/evaluation/metrics/index.js";
import { PixelPool } from "../../../lib/evaluation/metrics/pixel-pool.js";
import { Random } from "../../../lib/random.js";

const random = new Random("auroc-interval");

function sample(good: number, defective: number, distance: number): { scores: number[]; labels: boolean[] } {
  const labels = Array.from({ length: good + defective }, (_, i) => i >= good);
  return { labels, scores: labels.map((label) => random.normal() + (label ? distance : 0)) };
}

function intervalOf({ scores, labels }: ReturnType<typeof sample>, resamples = 500): Interval | null {
  return atOnce(aurocInterval(tallyImages(scores, labels), labels, resamples, new Random("resamples")));
}

test("of 200 samples, about 95 % have an interval that contains the true AUROC", (t) => {
  // Two normal distributions that lie this far apart have an AUROC of 0.76.
  const distance = 1;
  const trueAuroc = auroc(...large(distance))!;
  let covered = 0;
  for (let i = 0; i < 200; i++) {
    const { lower, upper } = intervalOf(sample(40, 60, distance))!;
    if (lower <= trueAuroc && trueAuroc <= upper) covered++;
  }
  t.true(covered >= 180 && covered <= 198, `${covered} of 200`);
});

function large(distance: number): [number[], boolean[]] {
  const { scores, labels } = sample(20_000, 20_000, distance);
  return [scores, labels];
}

test("each label keeps its number of images, so that one good image is in every resample", (t) => {
  const labels = [false, true, true, true];
  const { lower, upper } = intervalOf({ scores: [2, 1, 3, 4], labels })!;
  // The AUROC is the share of the three drawn that are above the good image.
  t.true(lower >= 0 && lower < 1 / 3 && upper === 1);
  t.is(intervalOf({ scores: [1, 2], labels: [true, true] }), null);
  t.is(intervalOf({ scores: [1, 2], labels: [false, false] }), null);
  t.deepEqual(intervalOf({ scores: [1, 2], labels: [false, true] }), { lower: 1, upper: 1 });
  t.is(intervalOf({ scores: [1, 2], labels: [false, true] }, 0), null);
});

test("the AUROC of binned pixels is nearly that of all pixels", (t) => {
  const side = 64;
  const images = Array.from({ length: 12 }, (_, image) => {
    const mask = new Uint8Array(side * side);
    if (image >= 4) mask.fill(1, 500 * (image - 3), 500 * (image - 3) + 40 * image);
    // Not all images have equal scores, so that a resample of them has another AUROC.
    const data = Float32Array.from(mask, (marked) => random.normal() + marked * (0.5 + 0.2 * image));
    return { map: { data, height: side, width: side }, mask: image >= 4 ? mask : null };
  });
  const pool = new PixelPool();
  for (const { map, mask } of images) pool.add(map, mask);
  const tallies = atOnce(pool.tallies());
  const drawEach = { below: () => 0 } as unknown as Random;
  // A single image of each label, drawn once, gives back the AUROC itself.
  for (const [good, defective] of [
    [0, 4],
    [3, 11],
  ] as const) {
    const pair = { bins: tallies.bins, images: [tallies.images[good]!, tallies.images[defective]!] };
    const { lower } = atOnce(aurocInterval(pair, [false, true], 1, drawEach))!;
    const two = [images[good]!, images[defective]!];
    const exact = pixelAuroc(
      two.map(({ map }) => map),
      two.map(({ mask }) => mask),
    )!;
    t.true(Math.abs(lower - exact) < 4e-4, `${lower} instead of ${exact}`);
  }
});

test("pixels with equal scores are never in two bins", (t) => {
  const scores = Float32Array.from({ length: 9000 }, (_, i) => 3 - Math.floor(i / 3000));
  const groupOf = Uint32Array.from(scores, (_, i) => i % 2);
  const groups = [
    { image: 0, anomalous: false, size: 4500 },
    { image: 0, anomalous: true, size: 4500 },
  ];
  const { bins, images } = atOnce(tallyPixels(scores, groupOf, groups, 1));
  t.is(bins, 3);
  t.deepEqual(images, [[0, 1500, 1, 1500, 2, 1500, 3, 1500, 4, 1500, 5, 1500]]);
});
