import test from "ava";
import sharp from "sharp";
import { drawHeatmap } from "../../../lib/index.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

const image = { data: new Uint8Array(80 * 60).fill(128), width: 80, height: 60, channels: 1 as const };
const map = { data: new Float32Array(12), height: 3, width: 4 };
map.data[5] = 0.5;

const meanIn = async (picture: Buffer, left: number, top: number) => {
  // `stats` ignores what is still to be done to its input.
  const part = await sharp(picture).extract({ left, top, width: 10, height: 10 }).toBuffer();
  const { channels } = await sharp(part).stats();
  return channels.map(({ mean }) => Math.round(mean));
};

test("the picture has the image's size, and its colours are where the map is high", async (t) => {
  const png = await drawHeatmap(image, map);
  const { format, width, height } = await sharp(png).metadata();
  t.deepEqual([format, width, height], ["png", 80, 60]);
  t.deepEqual(await meanIn(png, 68, 48), [128, 128, 128]);
  const [red, , blue] = await meanIn(png, 25, 25);
  t.true(red! - blue! > 40, `red ${red}, blue ${blue}`);
});

test("an encoded image is drawn like its pixels, as PNG and as WebP", async (t) => {
  const pixels = noise(80, 60, 3);
  const encoded = await encoder(pixels).png().toBuffer();
  t.deepEqual(await drawHeatmap(encoded, map), await drawHeatmap(pixels, map));
  const webp = await drawHeatmap(encoded, map, { format: "webp" });
  t.is((await sharp(webp).metadata()).format, "webp");
});

test("a scale makes pictures comparable: half the value is paler", async (t) => {
  const [strong] = await meanIn(await drawHeatmap(image, map, { scaleEnd: 0.5 }), 25, 25);
  const [pale] = await meanIn(await drawHeatmap(image, map, { scaleEnd: 1 }), 25, 25);
  t.true(strong! > pale!, `${strong} and ${pale}`);
});

test("a legend is below the image, and outlines are on it", async (t) => {
  const plain = await drawHeatmap(image, map);
  const withLegend = await sharp(await drawHeatmap(image, map, { legend: true, marks: [0.25] })).metadata();
  t.is(withLegend.height, 60 + 24);
  const square = [
    [60, 10],
    [75, 10],
    [75, 20],
    [60, 20],
  ] as const;
  const outlined = await drawHeatmap(image, map, { outlines: [square] });
  t.notDeepEqual(await meanIn(outlined, 60, 8), await meanIn(plain, 60, 8));
});

test("what cannot be drawn is named", async (t) => {
  await rejects(
    t,
    drawHeatmap(image, { ...map, data: new Float32Array(3) }),
    "INVALID_ARGUMENT",
    /3 x 4 values/,
  );
  const infinite = { ...map, data: Float32Array.from(map.data, () => Infinity) };
  await rejects(t, drawHeatmap(image, infinite), "INVALID_ARGUMENT", /finite/);
  const long = { data: new Uint8Array(16_384), width: 16_384, height: 1, channels: 1 as const };
  await rejects(t, drawHeatmap(long, map, { format: "webp" }), "INVALID_ARGUMENT", /"png"/);
  await rejects(t, drawHeatmap(Buffer.from("no image"), map), "INVALID_IMAGE");
  const outlines = [[[0, "1'/><script/>"]]] as unknown as [number, number][][];
  await rejects(t, drawHeatmap(image, map, { outlines }), "INVALID_ARGUMENT", /^outlines\[0\]\[0\] must be/);
});
