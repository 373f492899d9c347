import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { describe } from "../../../bench/parity/inputs.js";
import { createModel } from "../../../lib/detector/parts.js";
import type { RawImage } from "../../../lib/image/raw-image.js";
import type { NativeModel } from "../../../lib/native/addon.js";
import { loadAddon } from "../../../lib/native/loader.js";
import type { Fit } from "../../../lib/options/model.js";
import { normalise, preprocess } from "../../../lib/preprocess.js";
import type { NamedTensor } from "../../../lib/tensor/named-tensor.js";
import { runNode } from "../support/child-process.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** A photograph of a kind: smooth with edges, at any size. */
function scene(width: number, height: number, channels: 1 | 3 | 4): RawImage {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const edge = (x - width / 3) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2 ? 90 : 0;
    return 60 + edge + 40 * Math.sin((x + 13 * channel) / 7) + 30 * Math.cos(y / 11);
  });
  return { data, width, height, channels };
}

test("raw pixels of the size pass as they are, grey and alpha become RGB", async (t) => {
  const rgb = noise(64, 32, 3, 1);
  t.deepEqual(await preprocess(rgb, [32, 64]), {
    data: rgb.data as Uint8Array,
    dims: [1, 32, 64, 3],
    originalSize: [32, 64],
  });
  const grey = noise(32, 32, 1, 2);
  const { data } = await preprocess(grey, 32);
  t.true(data.every((value, i) => value === grey.data[Math.floor(i / 3)]));
  const alpha = noise(32, 32, 4, 3);
  const without = await preprocess(alpha, 32);
  t.true(without.data.every((value, i) => value === alpha.data[4 * Math.floor(i / 3) + (i % 3)]));
});

test("a path, its bytes and its pixels give the same", async (t) => {
  const path = join(await temporaryFolder(t), "image.png");
  const raw = scene(90, 70, 3);
  await encoder(raw).png().toFile(path);
  const expected = await preprocess(raw, 64);
  t.deepEqual(await preprocess(path, 64), expected);
  t.deepEqual(await preprocess(readFileSync(path), 64), expected);
});

/**
 * A model that shows the pixels that it sees: of every pixel's neighbourhood the largest value, or the least. The
 * teacher's first convolution passes single pixels on, 16 places of 3 colours; its first stage changes nothing.
 */
async function lens(
  size: [number, number],
  extreme: "largest" | "least",
  fit: Fit = "stretch",
): Promise<NativeModel> {
  const description = {
    ...describe("resnet18", "paper"),
    ...({ imageSize: size, normalisation: "none", fit } as const),
  };
  const model = await createModel(await loadAddon(), description, { device: "cpu", precision: "float32" }, 0);
  const sign = extreme === "largest" ? 1 : -1;
  const tensors = (await model.tensors("teacher")).map((tensor): NamedTensor => {
    const { name, data } = tensor;
    if (!/^(conv1|bn1|layer1\.\d\.bn2)\./.test(name) || tensor.dtype !== "F32") return tensor;
    const values = new Float32Array(data.byteLength / 4);
    if (name === "conv1.weight") {
      for (let channel = 0; channel < 48; channel++) {
        const [place, colour] = [Math.floor(channel / 3), channel % 3];
        const [y, x] = [3 + Math.floor(place / 4), 3 + (place % 4)];
        values[((channel * 3 + colour) * 7 + y) * 7 + x] = sign;
      }
    }
    if (name === "bn1.weight") values.fill(1);
    if (name === "bn1.bias") values.fill(extreme === "largest" ? 0 : 1);
    if (name.endsWith("running_var")) values.fill(1 - 1e-5);
    return { ...tensor, data: new Uint8Array(values.buffer) };
  });
  await model.load("teacher", tensors);
  return model;
}

/** What a lens shows, in grey levels. */
async function shown(model: NativeModel, image: RawImage): Promise<Float32Array> {
  const traced = await model.trace([image, image], "location", 0);
  const { data } = traced.find(({ name }) => name === "teacher.1")!;
  return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4).map((value) => 255 * value);
}

const resizes: [title: string, image: RawImage, size: [number, number]][] = [
  ["shrunk noise", noise(203, 151, 3, 4), [64, 96]],
  ["a shrunk scene", scene(640, 480, 3), [128, 128]],
  ["an enlarged scene", scene(40, 50, 3), [128, 96]],
  ["noise shrunk one way and enlarged the other", noise(300, 20, 3, 5), [64, 64]],
  ["grey", scene(333, 100, 1), [64, 64]],
  ["noise with alpha", noise(100, 90, 4, 6), [64, 64]],
  ["one pixel", noise(1, 1, 3, 7), [32, 64]],
];
for (const [title, image, size] of resizes) {
  test.serial(`${title}: as the addon resizes it, within one grey level`, async (t) => {
    const { data } = await preprocess(image, size);
    const ours: RawImage = { data, height: size[0], width: size[1], channels: 3 };
    for (const extreme of ["largest", "least"] as const) {
      const model = await lens(size, extreme);
      const expected = await shown(model, image);
      const found = await shown(model, ours);
      const differences = expected.map((value, i) => Math.abs(value - found[i]!));
      const largest = differences.reduce((most, value) => Math.max(most, value), 0);
      const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
      t.log(`${extreme}: ${largest.toFixed(3)}, mean ${mean.toFixed(5)}`);
      t.true(largest <= 1.001, `${largest}`);

      const shifted = { ...ours, data: Uint8Array.from(data, (value) => value ^ 2) };
      const other = await shown(model, shifted);
      t.true(
        expected.some((value, i) => Math.abs(value - other[i]!) > 1.5),
        "a difference of two levels shows",
      );
      await model.dispose();
    }
  });
}

/** The same values in the upper and lower bits of a camera of 12, with gaps between rows. */
function twelveBits({ width, height, channels, data }: RawImage): RawImage {
  const row = width * channels;
  const values = new Uint16Array((row + 3) * height).fill(4095);
  data.forEach((value, i) => (values[Math.floor(i / row) * (row + 3) + (i % row)] = value * 16 + (i % 16)));
  return { data: values, width, height, channels, depth: 12, stride: 2 * (row + 3) };
}

const others: [title: string, image: RawImage, size: [number, number]][] = [
  ["12 bits, shrunk", twelveBits(scene(203, 151, 1)), [64, 96]],
  ["12 bits of BGR, enlarged", { ...twelveBits(scene(40, 50, 3)), order: "bgr" }, [128, 96]],
  ["12 bits with alpha", twelveBits(noise(100, 90, 4, 6)), [64, 64]],
  ["12 bits of a mosaic", { ...twelveBits(noise(90, 70, 1, 8)), order: "bayer_grbg" }, [64, 64]],
  [
    "16 bits at their size",
    { ...noise(64, 32, 3), data: Uint16Array.from(noise(64, 32, 3).data, (value) => value * 200) },
    [32, 64],
  ],
  ["8 bits of a mosaic", { ...scene(90, 71, 1), order: "bayer_bggr" }, [64, 96]],
  ["8 bits of BGR with alpha", { ...noise(90, 71, 4), order: "bgr" }, [64, 96]],
];
const cases = others.flatMap(([title, image, size]): [string, RawImage, [number, number], Fit][] => [
  [title, image, size, "stretch"],
  [`${title}, cropped`, image, size, "crop"],
]);
for (const [title, image, size, fit] of cases) {
  test.serial(`${title}: as the addon resizes them`, async (t) => {
    const { data, unrounded } = await preprocess(image, size, { fit });
    t.is(unrounded !== undefined, image.data instanceof Uint16Array);
    const levels = unrounded ?? data;
    const [height, width] = size;
    const ours: RawImage = {
      data: Uint16Array.from(levels, (value) => Math.round(value * 257)),
      height,
      width,
      channels: 3,
    };
    for (const extreme of ["largest", "least"] as const) {
      const model = await lens(size, extreme, fit);
      const [expected, found] = [await shown(model, image), await shown(model, ours)];
      const largest = Math.max(...expected.map((value, i) => Math.abs(value - found[i]!)));
      t.true(largest <= (unrounded ? 0.01 : 1.001), `${extreme}: ${largest}`);
      const swapped = { ...ours, order: "bgr" as const };
      const other = await shown(model, swapped);
      t.true(
        image.channels === 1 && image.order === undefined
          ? true
          : expected.some((value, i) => Math.abs(value - other[i]!) > 1.5),
      );
      await model.dispose();
    }
  });
}

test("normalisation is that of ImageNet, or none", (t) => {
  const pixels = { data: Uint8Array.of(0, 128, 255), dims: [1, 1, 1, 3] as [1, number, number, 3] };
  const { data, dims } = normalise(pixels, "imagenet");
  t.deepEqual(dims, [1, 3, 1, 1]);
  const expected = [-0.485 / 0.229, (128 / 255 - 0.456) / 0.224, (1 - 0.406) / 0.225];
  t.true(data.every((value, i) => Math.abs(value - expected[i]!) < 1e-6));
  t.deepEqual([...normalise(pixels, "none").data], [0, Math.fround(128 * Math.fround(1 / 255)), 1]);
});

test("sizes and images that are not allowed are refused", async (t) => {
  await rejects(t, preprocess(noise(32, 32, 3), 33), "INVALID_ARGUMENT", /size must be a multiple of 32/);
  await rejects(t, preprocess(Buffer.from("no image"), 32), "INVALID_IMAGE");
  await rejects(t, preprocess("none.png", 32), "NOT_FOUND");
});

test("large files and aborted calls are refused before pixels are decoded", async (t) => {
  const png = await encoder(noise(64, 48, 3))
    .png()
    .toBuffer();
  await rejects(t, preprocess(png, 32, { maxPixels: 3071 }), "INVALID_IMAGE", /maxPixels/);
  t.deepEqual((await preprocess(png, 32, { maxPixels: 3072 })).dims, [1, 32, 32, 3]);
  await rejects(t, preprocess(png, 32, { maxPixels: 0 }), "INVALID_ARGUMENT", /maxPixels/);
  await rejects(t, preprocess(png, 32, { signal: AbortSignal.abort() }), "ABORTED");
});

test("the package's subpath loads neither LibTorch nor the addon", async (t) => {
  const source = `
    const { preprocess } = await import(${JSON.stringify(new URL("../../../lib/preprocess.ts", import.meta.url).href)});
    await preprocess({ data: new Uint8Array(12), width: 2, height: 2, channels: 3 }, 32);
    const loaded = (await import("node:fs")).readFileSync("/proc/self/maps", "utf8");
    console.log(/libtorch|libc10|reverse_distillation[^/]*\\.node/.test(loaded));`;
  const { code, stdout, stderr } = await runNode(["--input-type=module", "--eval", source]);
  t.is(code, 0, stderr);
  t.is(stdout, "false\n");
});
