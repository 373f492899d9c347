import test from "ava";
import { findRegions, type AnomalyMap, type FindRegionsOptions } from "../../../lib/index.js";
import { Random } from "../../../lib/random.js";
import { longestTurn } from "../support/longest-turn.js";
import { rejects } from "../support/rejection.js";
import { described, doubleArea, naiveRegions, pixelsInside } from "./naive-regions.js";

/** A map drawn in digits. */
function drawn(...rows: string[]): AnomalyMap {
  const data = Float32Array.from(rows.join(""), Number);
  return { data, height: rows.length, width: rows[0]!.length };
}

test("a region is grown from a seed over pixels at or above the outline", async (t) => {
  const map = drawn("0000000", "0122000", "0191020", "0000000");
  const [region, ...others] = await findRegions(map, { seed: 9, outline: 1 });
  t.deepEqual(others, []);
  t.deepEqual(region, {
    box: { left: 1, top: 1, width: 3, height: 2 },
    area: 6,
    share: 6 / 28,
    centroid: { x: 2.5, y: 2 },
    peak: { value: 9, x: 2.5, y: 2.5 },
    mean: 16 / 6,
    polygon: [
      [
        [1, 1],
        [4, 1],
        [4, 3],
        [1, 3],
      ],
    ],
  });
  t.is((await findRegions(map, { seed: 2, outline: 2 })).length, 2);
  t.is((await findRegions(map, { seed: 2 })).length, 2);
});

test("pixels that share a corner are one region, and its ring passes the corner twice", async (t) => {
  const [region, ...others] = await findRegions(drawn("10", "01"), { seed: 1 });
  t.deepEqual(others, []);
  t.deepEqual(region!.polygon, [
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [2, 1],
      [2, 2],
      [1, 2],
      [1, 1],
      [0, 1],
    ],
  ]);
});

test("a hole is a ring of its own, the other way round, and so is a region inside of it", async (t) => {
  const map = drawn("11111", "10001", "10201", "10001", "11111");
  const [inner, outer] = await findRegions(map, { seed: 1 });
  t.deepEqual([inner!.area, outer!.area], [1, 16]);
  t.deepEqual(outer!.polygon.map(doubleArea), [50, -18]);
  t.deepEqual(inner!.polygon.map(doubleArea), [2]);
});

test("holes that touch at a corner are separate, and one that touches the outside is none", async (t) => {
  const [touching] = await findRegions(drawn("11111", "10111", "11011", "11111"), { seed: 1 });
  t.deepEqual(touching!.polygon.map(doubleArea), [40, -2, -2]);
  const [open] = await findRegions(drawn("1111", "1001", "1110"), { seed: 1 });
  t.is(open!.polygon.length, 2);
  const [bay] = await findRegions(drawn("1111", "1001", "1101"), { seed: 1 });
  t.is(bay!.polygon.length, 1);
});

test("the regions of a map follow their definition, and polygons contain just their pixels", async (t) => {
  const random = new Random(7);
  const whole = (least: number, most: number) => least + random.below(most - least + 1);
  for (let run = 0; run < 300; run++) {
    const [height, width] = [whole(1, 9), whole(1, run % 3 === 0 ? 140 : 12)];
    const pixels = height * width;
    const map = { data: Float32Array.from({ length: pixels }, () => whole(0, 9)), height, width };
    const options = {
      seed: whole(3, 9),
      outline: whole(0, 3),
      ...(run % 2 === 0 && {
        mask: Uint8Array.from({ length: pixels }, (_, i) => (i === 0 ? 255 : whole(0, 2))),
      }),
    };
    const considered = options.mask?.filter((value) => value > 0).length ?? pixels;
    const expected = naiveRegions(map, options);
    const found = await findRegions(map, options);
    t.is(found.length, expected.length);
    for (const [i, { polygon, ...region }] of found.entries()) {
      const { mean, centroid, ...rest } = described(expected[i]!, map, considered);
      t.like(region, rest);
      for (const [a, b] of [
        [region.mean, mean],
        [region.centroid.x, centroid.x],
        [region.centroid.y, centroid.y],
      ])
        t.true(Math.abs(a! - b!) < 1e-9);
      t.deepEqual(pixelsInside(polygon, height, width), expected[i]!.pixels);
      const areas = polygon.map(doubleArea);
      t.is(areas.reduce((sum, area) => sum + area, 0) / 2, region.area);
      t.true(areas[0]! > 0 && areas.slice(1).every((area) => area < 0));
    }
  }
});

test("coordinates and areas are in pixels of the image, from edge to edge", async (t) => {
  const map = drawn("0000", "0120");
  const [region] = await findRegions(map, { seed: 2, outline: 1, imageSize: [100, 20] });
  t.deepEqual(region, {
    box: { left: 5, top: 50, width: 10, height: 50 },
    area: 500,
    share: 0.25,
    centroid: { x: 10, y: 75 },
    peak: { value: 2, x: 12.5, y: 75 },
    mean: 1.5,
    polygon: [
      [
        [5, 50],
        [15, 50],
        [15, 100],
        [5, 100],
      ],
    ],
  });
});

test("small regions are left out, and of many those with the highest peaks are kept, in order", async (t) => {
  const map = drawn("3300900", "3000000", "0000201");
  const peaks = async (options: Omit<FindRegionsOptions, "seed">) =>
    (await findRegions(map, { seed: 1, ...options })).map(({ peak }) => peak.value);
  t.deepEqual(await peaks({}), [9, 3, 2, 1]);
  t.deepEqual(await peaks({ maxCount: 2 }), [9, 3]);
  t.deepEqual(await peaks({ minArea: 1 }), [9, 3, 2, 1]);
  t.deepEqual(await peaks({ minArea: 1.5 }), [3]);
  t.deepEqual(await peaks({ minArea: 1e308 }), []);
  // A pixel of the map covers 0.3 x 0.1 pixels of this image; 3 of them cover 0.09, up to rounding.
  t.deepEqual(await peaks({ minArea: 3 * 0.3 * 0.1, imageSize: [3, 7] }), [9, 3, 2, 1]);
  t.deepEqual(await peaks({ minArea: 3, imageSize: [3, 7] }), [3]);
  t.deepEqual(await peaks({ minArea: 12, imageSize: [6, 14] }), [3]);
  t.deepEqual(await peaks({ minArea: 12.1, imageSize: [6, 14] }), []);
});

test("thresholds are compared with the map's float32 values exactly", async (t) => {
  const map = { data: Float32Array.of(0.1), height: 1, width: 1 };
  const value = Math.fround(0.1);
  t.true(value > 0.1);
  t.is((await findRegions(map, { seed: 0.1 })).length, 1);
  t.is((await findRegions(map, { seed: value })).length, 1);
  t.is((await findRegions(map, { seed: value + 1e-12 })).length, 0);
  t.is((await findRegions(map, { seed: 1e300 })).length, 0);
  t.is((await findRegions(map, { seed: value, outline: -1e300 })).length, 1);
});

test("what cannot be searched is refused, with what is allowed", async (t) => {
  const map = drawn("01", "23");
  const refused = (given: unknown, options: unknown, message: RegExp) =>
    rejects(t, findRegions(given as AnomalyMap, options as FindRegionsOptions), "INVALID_ARGUMENT", message);
  await refused(map, {}, /^seed must be a finite number; got undefined/);
  await refused(map, { seed: NaN }, /^seed must be a finite number; got NaN/);
  await refused(map, { seed: 1, outline: 2 }, /^outline must be at most seed, which is 1; got 2/);
  await refused(
    map,
    { seed: 1, mask: new Uint8Array(3) },
    /^mask must be as large as the map of 2 x 2 pixels/,
  );
  await refused(map, { seed: 1, mask: [1, 1, 1, 1] }, /^mask must be a Uint8Array/);
  await refused(map, { seed: 1, mask: new Uint8Array(4) }, /^mask must have a pixel other than 0/);
  await refused(map, { seed: 1, imageSize: 4 }, /^imageSize must be \[height, width\]/);
  await refused(
    map,
    { seed: 1, imageSize: [0, 4] },
    /^the height of imageSize must be a whole number from 1/,
  );
  await refused(map, { seed: 1, minArea: 0 }, /^minArea must be a number above 0/);
  await refused(map, { seed: 1, maxCount: 0 }, /^maxCount must be a whole number from 1/);
  await refused({ ...map, height: 3 }, { seed: 1 }, /^A map's data must be 3 x 2 values; got 4/);
  await refused(
    { data: new Float32Array(), height: 0, width: 5 },
    { seed: 1 },
    /^map must be .* at least one value/,
  );
  await refused({ ...map, data: [0, 1, 2, 3] }, { seed: 1 }, /^A map's data must be a Float32Array/);
  for (const [value, name] of [
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    [-Infinity, "-Infinity"],
  ] as const) {
    const data = Float32Array.of(0, 1, 2, value, 4, 5);
    await refused(
      { data, height: 2, width: 3 },
      { seed: 1 },
      new RegExp(`this one has ${name} in row 1, column 0`),
    );
  }
});

test("a map may be transferred away while its regions are found", async (t) => {
  const map = drawn("0110", "0100");
  const finding = findRegions(map, { seed: 1 });
  structuredClone(map.data.buffer, { transfer: [map.data.buffer as ArrayBuffer] });
  t.is(map.data.length, 0);
  t.deepEqual(
    (await finding).map(({ area }) => area),
    [3],
  );
});

test("an aborted search rejects", async (t) => {
  const signal = AbortSignal.abort();
  await rejects(t, findRegions(drawn("1"), { seed: 1, signal }), "ABORTED");
  const controller = new AbortController();
  const side = 2048;
  const map = { data: new Float32Array(side * side).fill(1), height: side, width: side };
  const finding = findRegions(map, { seed: 1, signal: controller.signal });
  controller.abort();
  await rejects(t, finding, "ABORTED");
});

test("a mask or map that is transferred away while a large map is copied is an error", async (t) => {
  const side = 4096;
  const map = { data: new Float32Array(side * side), height: side, width: side };
  const finding = findRegions(map, { seed: 1 });
  structuredClone(map.data.buffer, { transfer: [map.data.buffer] });
  await rejects(t, finding, "INVALID_ARGUMENT", /transferred or detached while it was copied/);
});

// Before the tests that run at the same time, whose work would count too.
test.serial("the event loop runs while the regions of a large map are found", async (t) => {
  const side = 4096;
  const wave = Float32Array.from({ length: side }, (_, i) => Math.sin(i / 20));
  const data = new Float32Array(side * side);
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) data[y * side + x] = wave[x]! * wave[y]!;
  const map = { data, height: side, width: side };
  await findRegions(map, { seed: 2 });
  let count = 0;
  const longest = await longestTurn(async () => {
    count = (await findRegions(map, { seed: 0.5, outline: 0.2 })).length;
  });
  t.true(count > 2000, `${count} regions`);
  t.true(longest < 50, `${longest} ms`);
});
