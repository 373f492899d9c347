import test from "ava";
import { LevelMeter } from "../../../lib/image/level-meter.js";
import type { RawImage } from "../../../lib/image/raw-image.js";
import { noise } from "../support/image-fixtures.js";

/** Values spread evenly from `lowest` to `highest`. */
function spread(lowest: number, highest: number, more: Partial<RawImage> = {}): RawImage {
  const [width, height] = [128, 128];
  const data = Uint16Array.from({ length: width * height }, (_, i) =>
    Math.round(lowest + ((highest - lowest) * i) / (width * height - 1)),
  );
  return { data, width, height, channels: 1, ...more };
}

function levelsOf(...images: RawImage[]): unknown {
  const meter = new LevelMeter();
  for (const image of images) meter.add(image);
  return meter.levels();
}

const depth = (bits: number) => ({ black: 0, white: 2 ** bits - 1 });

test("the depth is the smallest of a camera's that holds the values", (t) => {
  t.deepEqual(levelsOf(spread(0, 255)), depth(8));
  t.deepEqual(levelsOf(spread(20, 1000)), depth(10));
  t.deepEqual(levelsOf(spread(0, 4095)), depth(12));
  t.deepEqual(levelsOf(spread(300, 2500), spread(0, 3000)), depth(12));
  t.deepEqual(levelsOf(spread(100, 4200)), depth(14));
  t.is(levelsOf(spread(0, 40_000)), undefined);
  t.is(levelsOf(spread(0, 3000), spread(0, 40_000)), undefined);
});

test("a few hot and dead pixels do not count", (t) => {
  const image = spread(500, 3000);
  image.data[5] = 65_535;
  t.deepEqual(levelsOf(image, spread(500, 3000)), depth(12));
});

test("values far from black get a range that they fill half of", (t) => {
  t.deepEqual(levelsOf(spread(30_000, 32_000)), { black: 29_000, white: 33_000 });
  t.deepEqual(levelsOf(spread(65_000, 65_500)), { black: 64_750, white: 65_535 });
});

test("images of 8 bits and blank images decide nothing", (t) => {
  t.is(levelsOf(), undefined);
  t.is(levelsOf(noise(64, 64, 3)), undefined);
  t.is(levelsOf(spread(900, 900)), undefined);
  t.deepEqual(levelsOf(noise(64, 64, 3), spread(0, 4000)), depth(12));
});

test("images are taken at their word, and have to agree", (t) => {
  const stated = spread(0, 900, { depth: 12 });
  t.deepEqual(levelsOf(stated, stated), depth(12));
  t.deepEqual(levelsOf(stated, spread(0, 4000)), depth(12));
  t.is(levelsOf(stated, spread(0, 900)), undefined);
  t.is(levelsOf(stated, spread(0, 900, { depth: 10 })), undefined);
  t.is(levelsOf(stated, spread(0, 60_000)), undefined);
});

test("alpha and the padding of rows do not count", (t) => {
  const rgba = new Uint16Array(64 * 64 * 4).map((_, i) => (i % 4 === 3 ? 65_535 : i % 4096));
  t.deepEqual(levelsOf({ data: rgba, width: 64, height: 64, channels: 4 }), depth(12));
  const padded = new Uint16Array(64 * 80).map((_, i) => (i % 80 < 64 ? i % 1000 : 65_535));
  t.deepEqual(levelsOf({ data: padded, width: 64, height: 64, channels: 1, stride: 160 }), depth(10));
});
