import test from "ava";
import sharp from "sharp";
import { levelRange } from "../../../lib/image/levels.js";
import { renderHeatmap } from "../../../lib/image/heatmap.js";
import type { RawImage } from "../../../lib/image/raw-image.js";
import { resizeDeep } from "../../../lib/image/resize-deep.js";
import { resizeBilinear } from "../../../lib/image/resize.js";
import { normalise, preprocess } from "../../../lib/preprocess.js";
import { runNode } from "../support/child-process.js";
import { noise } from "../support/image-fixtures.js";

const deep = (image: RawImage, factor: number, depth?: number): RawImage => ({
  ...image,
  data: Uint16Array.from(image.data, (value) => value * factor),
  ...(depth !== undefined && { depth }),
});

test("white is what an image's depth can hold, unless a model has levels", (t) => {
  const image = noise(4, 4, 1);
  t.deepEqual(levelRange(image), { black: 0, white: 255 });
  t.deepEqual(levelRange(image, { black: 0, white: 4095 }), { black: 0, white: 255 });
  t.deepEqual(levelRange(deep(image, 257)), { black: 0, white: 65_535 });
  t.deepEqual(levelRange(deep(image, 16, 12)), { black: 0, white: 4095 });
  t.deepEqual(levelRange(deep(image, 16, 12), { black: 0, white: 16_383 }), { black: 0, white: 16_383 });
  t.deepEqual(levelRange(deep(image, 16), { black: 64, white: 3900 }), { black: 64, white: 3900 });
});

test("deep values are brought to 0 to 255, and cut off at black and white", (t) => {
  const values = Uint16Array.of(0, 99, 100, 355, 610, 611, 65_535);
  const size = { width: 7, height: 1, channels: 1 };
  const levels = resizeDeep(values, size, [1, 7], { black: 100, white: 610 });
  t.deepEqual([...levels], [0, 0, 0, 127.5, 255, 255, 255]);
});

test("the deep resize is that of 8 bits without its rounding, for any size", (t) => {
  for (const [width, height, channels, newHeight, newWidth] of [
    [90, 70, 3, 32, 64],
    [31, 17, 1, 64, 32],
    [64, 32, 4, 32, 64],
    [1, 1, 3, 32, 32],
    [200, 32, 1, 32, 32],
  ] as const) {
    const image = noise(width, height, channels);
    const rounded = resizeBilinear(image.data as Uint8Array, image, [newHeight, newWidth]);
    const exact = resizeDeep(deep(image, 257).data as Uint16Array, image, [newHeight, newWidth], {
      black: 0,
      white: 65_535,
    });
    t.is(exact.length, rounded.length);
    // Rounded twice: along the rows, and down the columns.
    t.true(exact.every((value, i) => Math.abs(value - rounded[i]!) <= 1.0001));
    const mean = exact.reduce((sum, value, i) => sum + value - rounded[i]!, 0) / exact.length;
    t.true(Math.abs(mean) < 0.1, `${mean}`);
  }
});

test("a camera of 12 bits keeps its grey levels through preprocessing", async (t) => {
  // A ramp so flat that its 64 steps are 4 of 8 bits.
  const data = Uint16Array.from({ length: 64 * 32 }, (_, i) => 2000 + (i % 64));
  const ramp: RawImage = { data, width: 64, height: 32, channels: 1, depth: 12 };
  const pixels = await preprocess(ramp, [32, 64]);
  t.deepEqual(pixels.dims, [1, 32, 64, 3]);
  t.is(new Set(pixels.data).size, 4);
  t.is(new Set(pixels.unrounded).size, 64);
  t.true(
    pixels.unrounded!.every((value, i) => Math.abs(value - (data[Math.floor(i / 3)]! * 255) / 4095) < 1e-4),
  );
  t.true(pixels.data.every((value, i) => value === Math.round(pixels.unrounded![i]!)));
  const { data: planes } = normalise(pixels, "none");
  t.true(planes.subarray(0, 64).every((value, x) => Math.abs(value - (2000 + x) / 4095) < 1e-6));
});

test("an image of 8 bits has no unrounded values, and is preprocessed as ever", async (t) => {
  const image = noise(50, 40, 3);
  const { data, unrounded } = await preprocess(image, 32);
  t.is(unrounded, undefined);
  t.deepEqual(data, resizeBilinear(image.data as Uint8Array, image, [32, 32]));
});

test("16 bits that are 8 bits times 257 give the same pixels", async (t) => {
  for (const channels of [1, 3, 4] as const) {
    const image = noise(64, 32, channels);
    const { data } = await preprocess(deep(image, 257), [32, 64]);
    t.deepEqual(data, (await preprocess(image, [32, 64])).data);
  }
});

test("orders and gaps are preprocessed as what they stand for", async (t) => {
  const image = noise(64, 32, 3);
  const bgr: RawImage = {
    ...image,
    data: image.data.map((_, i) => image.data[i - (i % 3) + 2 - (i % 3)]!),
    order: "bgr",
  };
  const expected = await preprocess(image, 64);
  t.deepEqual(await preprocess(bgr, 64), expected);
  const even: RawImage = {
    data: new Uint8Array(64 * 32).fill(90),
    width: 64,
    height: 32,
    channels: 1,
    order: "bayer_gbrg",
  };
  t.true((await preprocess(even, 64)).data.every((value) => value === 90));
});

test("heatmaps are drawn over deep images and other orders", async (t) => {
  const map = { data: new Uint8Array(12), width: 4, height: 3, peak: 0 };
  const pixelsOf = async (image: RawImage) =>
    sharp(await renderHeatmap(image, map, 1))
      .raw()
      .toBuffer();
  const image = noise(40, 30, 3);
  const expected = await pixelsOf(image);
  t.deepEqual(await pixelsOf(deep(image, 257)), expected);
  const bgr: RawImage = {
    ...image,
    data: image.data.map((_, i) => image.data[i - (i % 3) + 2 - (i % 3)]!),
    order: "bgr",
  };
  t.deepEqual(await pixelsOf(bgr), expected);
  const twelve = deep(noise(40, 30, 1), 16, 12);
  t.is((await pixelsOf(twelve)).length, 40 * 30 * 3);
});

test("a model's levels apply to the values as they are, and not to 8 bits", async (t) => {
  const image = noise(64, 32, 3);
  const expected = (await preprocess(image, [32, 64])).data;
  // Twelve bits, of which the file says nothing or something else.
  for (const depth of [undefined, 10, 12]) {
    const raw = deep(image, 16, depth);
    const { unrounded } = await preprocess(raw, [32, 64], { levels: { black: 0, white: 16 * 255 } });
    t.true(unrounded!.every((value, i) => Math.abs(value - expected[i]!) < 1e-4));
    const shifted = { ...raw, data: raw.data.map((value) => value + 1000) as Uint16Array };
    const moved = await preprocess(shifted, [32, 64], { levels: { black: 1000, white: 1000 + 16 * 255 } });
    t.deepEqual(moved.data, expected);
  }
  t.deepEqual((await preprocess(image, [32, 64], { levels: { depth: 12 } })).data, expected);
  const twelve = await preprocess(deep(image, 16), [32, 64], { levels: { depth: 12 } });
  t.deepEqual(twelve, await preprocess(deep(image, 16, 12), [32, 64]));
});

const url = (path: string) => JSON.stringify(new URL(`../../../lib/${path}`, import.meta.url).href);

test("an image that fills less than an eighth of its range is warned about once per process", async (t) => {
  const source = `
    const { decodeImage } = await import(${url("image/decode.ts")});
    process.on("warning", ({ name, code, message }) => console.log(name, code, message));
    const image = (values, depth) => ({ data: Uint16Array.from(values), width: values.length, height: 1, channels: 1, depth });
    await decodeImage(image([0, 8192]));
    await decodeImage(image([5, 5]));
    await decodeImage(image([0, 4095], 12));
    await decodeImage({ data: Uint8Array.of(0, 9), width: 2, height: 1, channels: 1 });
    await decodeImage(image([7, 4095]), { levels: { black: 0, white: 4095 } });
    await decodeImage(image([7, 4095]), { levels: "auto" });
    await decodeImage(image([7, 4095]));
    await decodeImage(image([0, 100]));
    await decodeImage(image([0, 5000, 65535]), { levels: { black: 0, white: 4095 } });
    await decodeImage(image([0, 5000, 65535]), { levels: { black: 0, white: 4095 } });`;
  const { code, stdout, stderr } = await runNode(["--input-type=module", "--eval", source]);
  t.is(code, 0, stderr);
  t.regex(
    stdout,
    /^ReverseDistillationWarning UNUSED_RANGE A raw image of 2 x 1: its values lie between 7 and 4095, but black is 0 and white is 65535, .*\nReverseDistillationWarning CLIPPED_RANGE A raw image of 3 x 1: .* between 0 and 65535, but black is 0 and white is 4095, .*\n$/,
  );
});
