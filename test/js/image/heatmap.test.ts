import test from "ava";
import sharp from "sharp";
import { colourMap } from "../../../lib/image/colour-map.js";
import { quantiseMap, renderHeatmap } from "../../../lib/image/heatmap.js";

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
