import test from "ava";
import fc from "fast-check";
import { findRegions, resizeMap, type AnomalyMap, type Region } from "../../../lib/index.js";
import { doubleArea, naiveRegions, pixelsInside } from "../regions/naive-regions.js";
import { holds } from "./property.js";

interface Picture {
  map: AnomalyMap;
  mask: Uint8Array | undefined;
}

/** A map of few values, so that regions are large and ties frequent, with or without a region of interest. */
const picture: fc.Arbitrary<Picture> = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70 }))
  .chain(([height, width]) => {
    const pixels = { minLength: height * width, maxLength: height * width };
    return fc.record({
      data: fc.array(
        fc.oneof(fc.integer({ min: -2, max: 5 }), fc.float({ noNaN: true, noDefaultInfinity: true })),
        pixels,
      ),
      mask: fc.option(fc.array(fc.constantFrom(0, 1, 255), pixels), { nil: undefined }),
      height: fc.constant(height),
      width: fc.constant(width),
    });
  })
  .map(({ data, mask, height, width }) => ({
    map: { data: Float32Array.from(data), height, width },
    mask: mask?.some((value) => value > 0) ? Uint8Array.from(mask) : undefined,
  }));

const thresholds = fc
  .tuple(
    fc.oneof(fc.integer({ min: -3, max: 6 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
    fc.nat(3),
  )
  .map(([seed, below]) => ({ seed, outline: seed - below }));

const numbers = (regions: readonly Region[]) => regions.map(({ area, peak, box }) => [area, peak.value, box]);

test("regions follow their definition, and polygons contain just their pixels", (t) =>
  holds(
    t,
    400,
    fc.asyncProperty(picture, thresholds, async ({ map, mask }, limits) => {
      const found = await findRegions(map, { ...limits, ...(mask && { mask }) });
      const expected = naiveRegions(map, { ...limits, ...(mask && { mask }) });
      const pixels = found.map(({ polygon }) => pixelsInside(polygon, map.height, map.width));
      return (
        JSON.stringify(pixels) === JSON.stringify(expected.map((region) => region.pixels)) &&
        found.every(({ peak }, i) => peak.value === expected[i]!.peak)
      );
    }),
  ));

test("the areas of a polygon's rings add up to the area of its region, at any size of the image", (t) =>
  holds(
    t,
    300,
    fc.asyncProperty(
      picture,
      thresholds,
      fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 })),
      async ({ map }, limits, imageSize) => {
        const found = await findRegions(map, { ...limits, imageSize });
        return found.every(({ polygon, area, share }) => {
          const sum = polygon.reduce((total, ring) => total + doubleArea(ring), 0) / 2;
          const whole = imageSize[0] * imageSize[1];
          return Math.abs(sum - area) <= 1e-9 * whole && Math.abs(share * whole - area) <= 1e-9 * whole;
        });
      },
    ),
  ));

test("a mirrored map has mirrored regions", (t) =>
  holds(
    t,
    200,
    fc.asyncProperty(picture, thresholds, async ({ map }, limits) => {
      const { height, width, data } = map;
      const mirrored = {
        ...map,
        data: data.map((_, i) => data[i - (i % width) + (width - 1 - (i % width))]!),
      };
      const back = (await findRegions(mirrored, limits)).map(({ box, ...region }) => ({
        ...region,
        box: { ...box, left: width - box.left - box.width },
      }));
      const sorted = (regions: unknown[][]) => regions.map((region) => JSON.stringify(region)).sort();
      const found = await findRegions(map, limits);
      return height > 0 && JSON.stringify(sorted(numbers(back))) === JSON.stringify(sorted(numbers(found)));
    }),
  ));

test("limits leave out regions and change none", (t) =>
  holds(
    t,
    200,
    fc.asyncProperty(
      picture,
      thresholds,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 5 }),
      async ({ map }, limits, minArea, maxCount) => {
        const all = await findRegions(map, limits);
        const some = await findRegions(map, { ...limits, minArea, maxCount });
        const expected = all.filter(({ area }) => area >= minArea).slice(0, maxCount);
        return JSON.stringify(some) === JSON.stringify(expected);
      },
    ),
  ));

test("there is a region if and only if a value reaches the seed", (t) =>
  holds(
    t,
    200,
    fc.asyncProperty(picture, thresholds, async ({ map }, limits) => {
      const found = await findRegions(map, limits);
      return found.length > 0 === map.data.some((value) => value >= limits.seed);
    }),
  ));

test("a resized map stays within the map's values", (t) =>
  holds(
    t,
    200,
    fc.asyncProperty(
      picture,
      fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })),
      async ({ map }, imageSize) => {
        const bounded = { ...map, data: map.data.map((value) => Math.max(-9, Math.min(9, value))) };
        const { data } = await resizeMap(bounded, { imageSize });
        const [least, most] = [Math.min(...bounded.data), Math.max(...bounded.data)];
        return data.every((value) => value >= least - 1e-5 && value <= most + 1e-5);
      },
    ),
  ));
