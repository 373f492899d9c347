import test from "ava";
import sharp from "sharp";
import { colourMap } from "../../../lib/image/colour-map.js";
import { quantiseMap, renderHeatmap } from "../../../lib/image/heatmap.js";
import { drawNumber } from "../../../lib/image/numerals.js";

/** A map of zeros with one value at one place. */
function mapWith(value: number, width = 4, height = 3, index = 5) {
  const data = new Float32Array(width * height);
  data[index] = value;
  return { data, width, height };
}

const grey = { data: new Uint8Array(80 * 60).fill(128), width: 80, height: 60, channels: 1 as const };

async function pixelsOf(png: Buffer) {
  return sharp(png).raw().toBuffer({ resolveWithObject: true });
}

test("the colours grow lighter from step to step", (t) => {
  t.is(colourMap.length, 256);
  const lightness = colourMap.map(([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue);
  for (let step = 8; step < 256; step++) t.true(lightness[step]! > lightness[step - 8]!, `step ${step}`);
});

/** Björn Ottosson's OKLab, in which equal distances look equally different. */
function oklab([red, green, blue]: readonly [number, number, number]): number[] {
  const linear = [red, green, blue].map((level) => {
    const value = level / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const times = (rows: readonly (readonly number[])[], values: readonly number[]) =>
    rows.map((row) => row.reduce((sum, factor, i) => sum + factor * values[i]!, 0));
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    linear,
  );
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones.map(Math.cbrt),
  );
}

test("equal steps of the scale look equally different", (t) => {
  const colours = colourMap.map(oklab);
  const steps = colours
    .slice(16)
    .map((colour, i) => Math.hypot(...colour.map((value, axis) => value - colours[i]![axis]!)));
  const ratio = Math.max(...steps) / Math.min(...steps);
  t.true(ratio < 1.25, `${ratio}`);
});

test("a quantised map is within half a step of the map", (t) => {
  const data = Float32Array.from({ length: 12 }, (_, index) => index * 0.3);
  const { peak, data: steps } = quantiseMap({ data, width: 4, height: 3 });
  t.is(peak, data.at(-1)!);
  for (const [index, value] of data.entries())
    t.true(Math.abs((steps[index]! / 255) * peak - value) <= peak / 509);
});

test("maps of zeros, or below zero by rounding, stay zeros", (t) => {
  t.deepEqual([...quantiseMap(mapWith(0)).data], new Array<number>(12).fill(0));
  const { data, peak } = quantiseMap(mapWith(-1e-7));
  t.deepEqual([peak, ...data], new Array<number>(13).fill(0));
});

test("an overlay has the image's size, colours the anomaly, and leaves the rest", async (t) => {
  const { data, info } = await pixelsOf(await renderHeatmap(grey, quantiseMap(mapWith(2)), 2));
  t.deepEqual([info.width, info.height, info.channels], [80, 60, 3]);
  const at = (x: number, y: number) => [...data.subarray((y * 80 + x) * 3, (y * 80 + x) * 3 + 3)];
  t.deepEqual(at(75, 55), [128, 128, 128]);
  const [red, , blue] = at(30, 30) as [number, number, number];
  t.true(red > 180 && red - blue > 40, `the anomaly is (${at(30, 30).join(", ")})`);
});

test("the same value is paler on a longer scale, and all above its end is as strong as its end", async (t) => {
  const change = async (value: number, end: number) => {
    const { data } = await pixelsOf(await renderHeatmap(grey, quantiseMap(mapWith(value)), end));
    return data.reduce((sum, level) => sum + Math.abs(level - 128), 0);
  };
  t.true((await change(1, 4)) < (await change(1, 1)) / 4);
  t.is(await change(8, 2), await change(2, 2));
});

test("RGBA images are drawn on without their alpha", async (t) => {
  const data = Uint8Array.from({ length: 80 * 60 * 4 }, (_, index) => (index % 4 === 3 ? 0 : 90));
  const png = await renderHeatmap({ data, width: 80, height: 60, channels: 4 }, quantiseMap(mapWith(0)), 1);
  const { data: drawn, info } = await pixelsOf(png);
  t.is(info.channels, 3);
  t.true(drawn.every((level) => level === 90));
});

test("outlines are drawn as light lines with dark borders, and leave the rest", async (t) => {
  const zeros = quantiseMap(mapWith(0));
  const square = [
    [20, 20],
    [60, 20],
    [60, 40],
    [20, 40],
  ] as const;
  const { data } = await pixelsOf(await renderHeatmap(grey, zeros, 1, { outlines: [square] }));
  const at = (x: number, y: number) => data[(y * 80 + x) * 3]!;
  // The line covers the pixels on either side of an edge.
  for (const [x, y] of [
    [40, 19],
    [40, 20],
    [40, 39],
    [20, 30],
    [59, 30],
  ] as const)
    t.is(at(x, y), 255);
  t.deepEqual([at(40, 18), at(40, 21)], [0, 0]);
  t.is(at(40, 30), 128);
  t.is(at(5, 5), 128);
});

test("a legend below the image shows the scale and its marks, where there is room", async (t) => {
  const zeros = quantiseMap(mapWith(0));
  const image = { data: new Uint8Array(400 * 100).fill(128), width: 400, height: 100, channels: 1 as const };
  const { data, info } = await pixelsOf(
    await renderHeatmap(image, zeros, 0.25, { legend: true, marks: [0.125] }),
  );
  t.is(info.width, 400);
  t.true(info.height > 120);
  t.true(data.subarray(0, 400 * 100 * 3).every((level) => level === 128));
  const row = (y: number) =>
    Array.from({ length: 400 }, (_, x) => [...data.subarray((y * 400 + x) * 3, (y * 400 + x) * 3 + 3)]);
  const bar = row(Math.round((100 + info.height) / 2));
  const reds = bar.filter(([red, green, blue]) => red! > green! + 40 && red! > blue! + 40);
  t.true(reds.length > 100, `${reds.length} pixels between red and orange`);
  // A mark reaches beyond the bar; both numbers are at its ends.
  const above = row(100 + Math.round((info.height - 100) * 0.22));
  const lit = above.flatMap(([red], x) => (red! > 100 ? [x] : []));
  t.true(lit.length >= 1 && lit.every((x) => Math.abs(x - lit[0]!) <= 2), lit.join());
  const small = { data: new Uint8Array(32 * 32), width: 32, height: 32, channels: 1 as const };
  t.is((await pixelsOf(await renderHeatmap(small, zeros, 0.25, { legend: true }))).info.height, 32);
});

test("numbers have a stroke for every character", (t) => {
  for (const value of [0, 1234567890, 0.0123456789, -4.5e-9, 1e21])
    t.notRegex(drawNumber(value, 10).svg, /undefined|NaN/);
  t.true(drawNumber(0.123, 10).width > drawNumber(5, 10).width);
  t.true(drawNumber(0.25, 20).width === 2 * drawNumber(0.25, 10).width);
});

test("what is outside of the region of interest is dark, and the rest as without one", async (t) => {
  const map = mapWith(1, 4, 3, 5);
  const mask = Uint8Array.from({ length: 12 }, (_, i) => Number(i % 4 < 2));
  const without = await pixelsOf(await renderHeatmap(grey, quantiseMap(map), 1));
  const drawn = await pixelsOf(await renderHeatmap(grey, quantiseMap({ ...map, mask }), 1));
  t.deepEqual([drawn.info.width, drawn.info.height], [80, 60]);
  const at = ({ data }: { data: Buffer }, x: number, y: number) => data[3 * (y * 80 + x)]!;
  t.is(at(drawn, 5, 5), at(without, 5, 5));
  t.is(at(drawn, 30, 30), at(without, 30, 30));
  t.is(at(without, 75, 5), 128);
  t.true(at(drawn, 75, 5) < 64, `${at(drawn, 75, 5)}`);
});
