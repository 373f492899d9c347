import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import type { ReverseDistillationError } from "../../../lib/errors/error.js";
import {
  aupimo,
  classificationMetrics,
  pixelAuroc,
  pixelAveragePrecision,
  pixelF1Max,
  pixelMetrics,
  PixelScores,
  pro,
  type PixelMap,
  type PixelMetrics,
} from "../../../lib/evaluation/metrics/index.js";
import { labelRegions } from "../../../lib/evaluation/metrics/regions.js";
import { Random } from "../../../lib/random.js";

interface PixelCase {
  name: string;
  divisor: number;
  maxFpr: number;
  fprBounds: [number, number];
  images: { height: number; width: number; scores: number[]; mask: number[] }[];
  expected: Omit<PixelMetrics, "aupimo"> & { aupimo: (number | null)[] };
}

const golden = JSON.parse(readFileSync(new URL("../golden/metrics.json", import.meta.url), "utf8")) as {
  pixels: PixelCase[];
  heavyTailed: { seed: number; expected: (number | null)[] }[];
};

for (const { name, divisor, maxFpr, fprBounds, images, expected } of golden.pixels) {
  test(`metrics of pixels equal scikit-learn's and SciPy's: ${name}`, (t) => {
    const maps = images.map(({ height, width, scores }) => ({
      data: Float32Array.from(scores, (score) => score / divisor),
      height,
      width,
    }));
    // A mask may hold any non-zero value, and null stands for one without any.
    const masks = images.map(({ mask }) =>
      mask.includes(1) ? Uint8Array.from(mask, (value) => value * 255) : null,
    );
    const found = pixelMetrics(maps, masks, { maxFpr });
    t.true(Math.abs(found.auroc! - expected.auroc!) < 1e-9);
    t.true(Math.abs(found.averagePrecision! - expected.averagePrecision!) < 1e-9);
    t.true(Math.abs(found.f1Max!.f1 - expected.f1Max!.f1) < 1e-9);
    t.is(found.f1Max!.threshold, expected.f1Max!.threshold);
    t.true(Math.abs(found.pro.dataset! - expected.pro.dataset!) < 1e-9);
    t.true(Math.abs(found.pro.imageMean! - expected.pro.imageMean!) < 1e-9);
    t.is(pixelAuroc(maps, masks), found.auroc);
    t.is(pixelAveragePrecision(maps, masks), found.averagePrecision);
    t.deepEqual(pixelF1Max(maps, masks), found.f1Max);
    t.deepEqual(pro(maps, masks, { maxFpr }), found.pro);
    allClose(t, aupimo(maps, masks, { fprBounds }).images, expected.aupimo);
  });
}

test("AUPIMO equals its definition with anomalib's thresholds and bounds, on maps with few high scores", (t) => {
  for (const { seed, expected } of golden.heavyTailed) {
    const { maps, masks } = heavyTailedMaps(seed);
    const { mean, images } = aupimo(maps, masks);
    allClose(t, images, expected);
    const values = expected.filter((value) => value !== null);
    t.true(Math.abs(mean! - values.reduce((sum, value) => sum + value, 0) / values.length) < 1e-9);
    t.is(pixelMetrics(maps, masks).aupimo, mean);
  }
});

test("AUPIMO is the largest where every defect is above every normal pixel, and 0 where none is", (t) => {
  const { maps, masks } = heavyTailedMaps(0);
  const shifted = (to: number) =>
    maps.map((map, image) => ({
      ...map,
      data: map.data.map((score, pixel) => (masks[image]?.[pixel] ? to : score)),
    }));
  const perfect = aupimo(shifted(1e30), masks).images.slice(4);
  // So few normal pixels have no rates at the bounds themselves, so that a perfect curve does not give 1.
  t.true(perfect[0]! > 0.8 && perfect[0]! <= 1);
  allClose(t, perfect, [perfect[0]!, perfect[0]!, perfect[0]!]);
  t.deepEqual(aupimo(shifted(0), masks).images.slice(4), [0, 0, 0]);
});

test("AUPIMO is null without normal images, with too few pixels for its bounds, and for a normal image", (t) => {
  const { maps, masks } = heavyTailedMaps(0);
  t.deepEqual(aupimo(maps.slice(4), masks.slice(4)), { mean: null, images: [null, null, null] });
  t.deepEqual(aupimo(maps.slice(3), masks.slice(3)).images, [null, null, null, null]);
  t.deepEqual(aupimo(maps.slice(0, 4), masks.slice(0, 4)).mean, null);
  const flat = maps.map((map) => ({ ...map, data: new Float32Array(map.data.length) }));
  t.is(aupimo(flat, masks).mean, null);
  const bounds = (fprBounds: unknown) => () =>
    aupimo(maps, masks, { fprBounds: fprBounds as [number, number] });
  for (const wrong of [[0, 0.1], [0.2, 0.1], [0.1, 2], [0.1], 0.1, [0.1, NaN]])
    t.throws(bounds(wrong), { code: "INVALID_ARGUMENT", message: /fprBounds must be two numbers/ });
});

test("pixels of all images count alike, as one long list of scores would", (t) => {
  const { maps, masks } = randomSet(new Random("alike"), 5, 17, 11, 9);
  const scores = maps.flatMap((map) => [...map.data]);
  const labels = masks.flatMap((mask) => [...mask]);
  const { auroc, averagePrecision, f1Max } = pixelMetrics(maps, masks);
  t.deepEqual({ auroc, averagePrecision, f1Max }, classificationMetrics(scores, labels));
});

test("PRO equals its definition, threshold by threshold and region by region", (t) => {
  const random = new Random("definition");
  for (const levels of [2, 6, 1000]) {
    for (const maxFpr of [0.01, 0.3, 1]) {
      const { maps, masks } = randomSet(random, 3, 9, 13, levels);
      const found = pro(maps, masks, { maxFpr });
      t.true(Math.abs(found.dataset! - definedPro(maps, masks, maxFpr)) < 1e-12);
      const each = maps.map((map, i) => definedPro([map], [masks[i]!], maxFpr));
      t.true(Math.abs(found.imageMean! - each.reduce((a, b) => a + b) / each.length) < 1e-12);
    }
  }
});

test("perfect maps have a PRO of 1, maps without information one of maxFpr / 2", (t) => {
  const mask = Uint8Array.from({ length: 100 }, (_, i) => Number(i < 10));
  const perfect: PixelMap = { data: Float32Array.from(mask), height: 10, width: 10 };
  const flat: PixelMap = { data: new Float32Array(100), height: 10, width: 10 };
  t.true(Math.abs(pro([perfect], [mask]).dataset! - 1) < 1e-12);
  t.true(Math.abs(pro([perfect], [mask]).imageMean! - 1) < 1e-12);
  t.true(Math.abs(pro([flat], [mask]).dataset! - 0.15) < 1e-12);
});

test("a small region weighs as much as a large one, and images without a region only add false positives", (t) => {
  // The large region is found, the small one is not, and the good image is flagged before either.
  const mask = Uint8Array.from([1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const found: PixelMap = {
    data: Float32Array.from(mask, (value, i) => (value && i < 4 ? 2 : 0)),
    height: 1,
    width: 15,
  };
  const alarm: PixelMap = { data: new Float32Array(10).fill(1), height: 1, width: 10 };
  const alone = pro([found], [mask]);
  const together = pro([found, alarm], [mask, null]);
  // From (0, 1/2) the curve rises to (1, 1): at 0.3 it has reached 0.65.
  t.true(Math.abs(alone.dataset! - (0.5 + 0.65) / 2) < 1e-12);
  t.true(Math.abs(together.dataset! - 0.5) < 1e-12);
  t.is(together.imageMean, alone.imageMean);
});

test("without an anomalous pixel, or without a normal one, the metrics are null", (t) => {
  const map: PixelMap = { data: Float32Array.from([1, 2, 3, 4]), height: 2, width: 2 };
  const nothing = {
    auroc: null,
    averagePrecision: null,
    f1Max: null,
    pro: { dataset: null, imageMean: null },
    aupimo: null,
  };
  t.deepEqual(pixelMetrics([map], [null]), nothing);
  t.deepEqual(pixelMetrics([map], [new Uint8Array(4)]), nothing);
  t.deepEqual(pixelMetrics([map], [new Uint8Array(4).fill(1)]), nothing);
  t.deepEqual(pixelMetrics([], []), nothing);
});

test("maps and masks that do not go together are refused", (t) => {
  const map: PixelMap = { data: new Float32Array(4), height: 2, width: 2 };
  const refused = (call: () => unknown, message: RegExp): void => {
    t.is(t.throws<ReverseDistillationError>(call, { message }).code, "INVALID_ARGUMENT");
  };
  refused(() => pixelMetrics([map], []), /0 masks and 1 maps/);
  refused(() => pixelMetrics([map], [new Uint8Array(3)]), /2 x 2 pixels; got 3/);
  refused(() => pixelMetrics([{ ...map, height: 3 }], [null]), /3 x 2 values; got 4/);
  refused(() => pro([map], [null], { maxFpr: 0 }), /maxFpr must be a number above 0/);
  refused(() => pro([map], [null], { maxFpr: NaN }), /maxFpr/);
  refused(() => pixelAuroc([{ ...map, data: Float32Array.of(1, 2, NaN, 3) }], [null]), /index 2 is NaN/);
});

test("images are gathered one by one, and metrics may be read in between", (t) => {
  const { maps, masks } = randomSet(new Random("gathered"), 4, 8, 8, 50);
  const scores = new PixelScores();
  maps.forEach((map, i) => {
    scores.add(map, masks[i]!);
    t.is(scores.images, i + 1);
    t.deepEqual(scores.metrics(), pixelMetrics(maps.slice(0, i + 1), masks.slice(0, i + 1)));
  });
});

test("regions touch by sides and by corners, and are numbered in raster order", (t) => {
  const picture = ["#.#.", ".#..", "....", "##.#", "...#"].join("");
  const { labels, sizes } = labelRegions(
    Uint8Array.from(picture, (dot) => Number(dot === "#")),
    5,
    4,
  );
  t.is(Array.from(labels).join(""), ["1010", "0100", "0000", "2203", "0003"].join(""));
  t.deepEqual(sizes, [3, 2, 2]);
});

test("a region as large as the image does not exhaust the stack", (t) => {
  const { sizes } = labelRegions(new Uint8Array(1000 * 1000).fill(255), 1000, 1000);
  t.deepEqual(sizes, [1_000_000]);
});

test("83 images of 256 x 256 take less than 2 s of computing and 300 MB, exactly", (t) => {
  const script = fileURLToPath(new URL("../support/metrics-budget.ts", import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--import=tsx", script], {
    encoding: "utf8",
  });
  t.is(status, 0, stderr);
  const { seconds, peakMegabytes, images } = JSON.parse(stdout) as Record<string, number>;
  t.log(`${seconds} s, ${peakMegabytes} MB at the peak`);
  t.is(images, 83);
  t.true(seconds! < 2, `${seconds} s`);
  t.true(peakMegabytes! < 300, `${peakMegabytes} MB`);
});

function allClose(
  t: ExecutionContext,
  found: readonly (number | null)[],
  expected: readonly (number | null)[],
): void {
  t.is(found.length, expected.length);
  for (const [i, value] of expected.entries()) {
    if (value === null) t.is(found[i], null);
    else t.true(Math.abs(found[i]! - value) < 1e-9, `${found[i]} instead of ${value}`);
  }
}

/** The maps of `heavy_tailed_case` in metrics.py. */
function heavyTailedMaps(seed: number): { maps: PixelMap[]; masks: (Uint8Array | null)[] } {
  const masks: (Uint8Array | null)[] = [];
  const maps = Array.from({ length: 7 }, (_, image) => {
    const [height, width] = [160 + 16 * ((seed + image) % 3), 224];
    const mask = new Uint8Array(height * width);
    for (let row = 10 * image; image >= 4 && row < 10 * image + 24; row++)
      mask.fill(1, row * width + 20, row * width + 20 + 12 * (seed + 1));
    const data = Float32Array.from(mask, (marked, pixel) => {
      const score = 1 / (1 - hashed(pixel, 16 * seed + image));
      return marked ? score * 4096 * 4 ** (image - 4) : score;
    });
    masks.push(image >= 4 ? mask : null);
    return { data, height, width };
  });
  return { maps, masks };
}

/** `hashed` in metrics.py. */
function hashed(number: number, seed: number): number {
  let h = (number + Math.imul(seed, 0x9e3779b1)) >>> 0;
  for (const [shift, factor] of [
    [16, 0x85ebca6b],
    [13, 0xc2b2ae35],
    [16, 1],
  ] as const)
    h = Math.imul(h ^ (h >>> shift), factor) >>> 0;
  return h / 2 ** 32;
}

function randomSet(
  random: Random,
  images: number,
  height: number,
  width: number,
  levels: number,
): { maps: PixelMap[]; masks: Uint8Array[] } {
  const masks = Array.from({ length: images }, () => {
    const mask = Uint8Array.from({ length: height * width }, () => Number(random.below(4) === 0));
    mask[0] = 1;
    mask[1] = 0;
    return mask;
  });
  const maps = masks.map((mask) => ({
    data: Float32Array.from(mask, (value) => Math.round((random.normal() + value) * levels) / 64),
    height,
    width,
  }));
  return { maps, masks };
}

function definedPro(maps: PixelMap[], masks: Uint8Array[], maxFpr: number): number {
  const regions = masks.flatMap((mask, image) => {
    const { labels, sizes } = labelRegions(mask, maps[image]!.height, maps[image]!.width);
    return sizes.map((_, region) => [...maps[image]!.data].filter((_, i) => labels[i] === region + 1));
  });
  const normal = maps.flatMap((map, image) => [...map.data].filter((_, i) => masks[image]![i] === 0));
  const share = (scores: number[], threshold: number): number =>
    scores.filter((score) => score >= threshold).length / scores.length;
  const thresholds = [...new Set(maps.flatMap((map) => [...map.data]))].sort((a, b) => b - a);
  let area = 0;
  let [fpr, overlap] = [0, 0];
  for (const threshold of thresholds) {
    const nextFpr = share(normal, threshold);
    const nextOverlap = regions.reduce((sum, region) => sum + share(region, threshold), 0) / regions.length;
    if (nextFpr > maxFpr) {
      const slope = (nextOverlap - overlap) / (nextFpr - fpr);
      return (area + (maxFpr - fpr) * (overlap + (slope * (maxFpr - fpr)) / 2)) / maxFpr;
    }
    area += ((nextFpr - fpr) * (overlap + nextOverlap)) / 2;
    [fpr, overlap] = [nextFpr, nextOverlap];
  }
  return area / maxFpr;
}
