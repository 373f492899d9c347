import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test from "ava";
import type { ReverseDistillationError } from "../../../lib/errors/error.js";
import {
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
  images: { height: number; width: number; scores: number[]; mask: number[] }[];
  expected: PixelMetrics;
}

const golden = JSON.parse(readFileSync(new URL("../golden/metrics.json", import.meta.url), "utf8")) as {
  pixels: PixelCase[];
};

for (const { name, divisor, maxFpr, images, expected } of golden.pixels) {
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
  });
}

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
