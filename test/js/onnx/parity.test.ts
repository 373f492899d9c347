import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { unusual } from "../../../bench/parity/committed.js";
import { describe, seededImages, seededModel } from "../../../bench/parity/inputs.js";
import { withoutPadding } from "../../../lib/image/fit-pixels.js";
import { fittedSize, frameOf } from "../../../lib/image/fit.js";
import type { PreprocessedImage } from "../../../lib/image/pixels.js";
import { preprocess } from "../../../lib/image/preprocess.js";
import type { RawImage } from "../../../lib/image/raw-image.js";
import { tensorsOf } from "../../../lib/model-file/detector-tensors.js";
import type { NativeModel } from "../../../lib/native/addon.js";
import { loadAddon } from "../../../lib/native/loader.js";
import { writeOnnx } from "../../../lib/onnx/export.js";
import { resolveExportOptions, type ExportOptions } from "../../../lib/options/export.js";
import { backbones, layouts, type ModelDescription } from "../../../lib/options/model.js";
import type { NamedTensor } from "../../../lib/tensor/named-tensor.js";
import { RuntimeModel, type RuntimeScore } from "../../../lib/verify/runtime.js";
import { findOnnxPython, OnnxPython } from "../support/onnx-python.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// Serial, because models take hundreds of megabytes.
const addon = await loadAddon();
const tolerance = 1e-4;
const standardDomain = "";

const python = findOnnxPython();
if (python === undefined) {
  console.error(
    "SKIPPED: exports in Python: no Python on the PATH has numpy, onnx, onnxruntime and safetensors",
  );
}
/** One process for all tests. */
let runner: OnnxPython | undefined;
test.after.always(() => runner?.close());

function pixelsOf({ data, width, height }: RawImage): PreprocessedImage {
  return { data: data as Uint8Array, dims: [1, height, width, 3], originalSize: [height, width] };
}

/** The largest difference between values of the maps or between scores. */
function difference(ours: readonly RuntimeScore[], theirs: readonly RuntimeScore[]): number {
  return ours.reduce((most, { score, map }, i) => {
    const other = theirs[i]!;
    const ofMap = map.reduce((worst, value, j) => Math.max(worst, Math.abs(value - other.map[j]!)), 0);
    return Math.max(most, ofMap, Math.abs(score - other.score));
  }, 0);
}

interface Exported {
  path: string;
  folder: string;
  images: RawImage[];
  native: RuntimeScore[];
}

/** Exports a model, and scores eight images with it. */
async function exported(
  t: ExecutionContext,
  model: NativeModel,
  description: ModelDescription,
  options: Omit<ExportOptions, "format"> = {},
): Promise<Exported> {
  const folder = await temporaryFolder(t);
  const path = join(folder, "model.onnx");
  await writeOnnx(
    path,
    { model: description, thresholds: null },
    tensorsOf(model),
    resolveExportOptions({ format: "onnx", ...options }),
  );
  const images = seededImages(8, description.imageSize);
  const native = await model.score(images, 0, new addon.CancelToken());
  return { path, folder, images, native };
}

/** Runs an export in Node with batches of one and eight. @returns the largest difference from the model. */
async function differenceInNode({ path, images, native }: Exported): Promise<number> {
  const runtime = await RuntimeModel.open(path);
  const pixels = images.map(pixelsOf);
  const eight = await runtime.score(pixels);
  const [one] = await runtime.score([pixels[3]!]);
  await runtime.close();
  return Math.max(difference(native, eight), difference([native[3]!], [one!]));
}

for (const backbone of backbones) {
  for (const layout of layouts) {
    test.serial(
      `${backbone}, ${layout}: an export scores like its model, in Node and in Python`,
      async (t) => {
        const description = describe(backbone, layout);
        const model = await seededModel(addon, description);
        const export_ = await exported(t, model, description);
        await model.dispose();
        const found = await differenceInNode(export_);
        t.log(`Node: ${found.toExponential(1)}`);
        t.true(found <= tolerance, `${found}`);
        if (python !== undefined) await requirePython(t, export_);
      },
    );
  }
}

/** Asserts full validity, standard operators and equal scores, for all images in one batch and for one alone. */
async function requirePython(t: ExecutionContext, { path, folder, images, native }: Exported): Promise<void> {
  runner ??= new OnnxPython(python!);
  const [{ height, width }] = images as [RawImage];
  const data = Buffer.concat(images.map((image) => image.data as Uint8Array));
  const checked = await runner.check(path, data, [images.length, height, width, 3], folder);
  t.deepEqual(checked.domains, [standardDomain]);
  t.is(checked.opset, 18);
  t.false(checked.operators.includes("BatchNormalization"));
  for (const { map, score } of [checked.batch, checked.first]) {
    const length = map.length / score.length;
    const scores = [...score].map((value, i) => ({
      score: value,
      map: map.subarray(i * length, (i + 1) * length),
    }));
    const found = difference(scores, native);
    t.log(`Python, ${scores.length}: ${found.toExponential(1)}`);
    t.is(length, height * width);
    t.true(found <= tolerance, `${found}`);
  }
  t.deepEqual([checked.batch.score.length, checked.first.score.length], [8, 1]);
}

const resnet18 = describe("resnet18", "paper");
const cases: [title: string, description: ModelDescription][] = [
  ["two layers, product, another sigma, no normalisation, wide images", unusual],
  ["one layer", { ...resnet18, layers: [2] }],
  ["the smallest image, where the reflection wraps around", { ...resnet18, imageSize: [32, 32], sigma: 15 }],
  ["tall images", { ...resnet18, imageSize: [128, 32] }],
  ["a sigma below one pixel", { ...resnet18, sigma: 0.1 }],
];
for (const [title, description] of cases) {
  test.serial(`${title}: an export scores like its model, with either input`, async (t) => {
    const model = await seededModel(addon, description);
    for (const input of ["uint8", "normalized"] as const) {
      const export_ = await exported(t, model, description, { input });
      const found = await differenceInNode(export_);
      t.log(`${input}: ${found.toExponential(1)}`);
      t.true(found <= tolerance, `${input}: ${found}`);
      if (python !== undefined && input === "uint8") await requirePython(t, export_);
    }
    await model.dispose();
  });
}

const padding: ModelDescription = { ...resnet18, imageSize: [64, 96], fit: "pad" };

test.serial("padded images: an export scores like its model, and its map is 0 in the padding", async (t) => {
  const sizes = [[64, 96], [20, 96], [64, 31], [1, 96], [63, 96]] as const; // prettier-ignore
  const images = sizes.map((size, i) => seededImages(i + 1, size)[i]!);
  const inputs = await Promise.all(
    images.map((image) => preprocess(image, padding.imageSize, { fit: "pad" })),
  );
  const frame = frameOf(padding);
  const cut = (scores: readonly RuntimeScore[]) =>
    scores.map(({ score, map }, i) => ({ score, map: withoutPadding(map, images[i]!, frame, 1) }));
  for (const combine of ["sum", "product"] as const) {
    const model = await seededModel(addon, { ...padding, combine });
    const native = await model.score(images, 0, new addon.CancelToken());
    const { path, folder } = await exported(t, model, { ...padding, combine });
    await model.dispose();
    const runtime = await RuntimeModel.open(path);
    const found = await runtime.score(inputs);
    // The graph knows the sizes of the images before they were resized, too.
    const larger = inputs.map((input) => ({
      ...input,
      originalSize: input.originalSize.map((side) => 7 * side) as [number, number],
    }));
    t.deepEqual(await runtime.score(larger), found);
    await runtime.close();
    t.true(difference(native, cut(found)) <= tolerance, `${difference(native, cut(found))}`);
    for (const [i, { map }] of found.entries()) {
      const shown = map.filter((value) => value !== 0).length;
      t.is(shown, images[i]!.height * images[i]!.width);
    }
    if (python === undefined) continue;
    runner ??= new OnnxPython(python);
    const data = Buffer.concat(inputs.map((input) => input.data));
    const checked = await runner.check(path, data, [sizes.length, 64, 96, 3], folder, sizes);
    const scores = [...checked.batch.score].map((score, i) => ({
      score,
      map: checked.batch.map.subarray(i * 64 * 96, (i + 1) * 64 * 96),
    }));
    t.true(difference(native, cut(scores)) <= tolerance);
  }
});

test.serial("an export finds the padding of images of any size as the package does", async (t) => {
  const [height, width] = [32, 64];
  const description: ModelDescription = { ...padding, imageSize: [height, width], layers: [1] };
  const model = await seededModel(addon, description);
  const { path } = await exported(t, model, description);
  await model.dispose();
  const runtime = await RuntimeModel.open(path);
  t.teardown(() => runtime.close());
  const [noise] = seededImages(1, [height, width]);
  // Equal proportions, ties of rounding, and the extremes.
  const sizes: [number, number][] = [[1, 1], [32, 64], [3, 6], [1, 2], [1, 5000], [5000, 1], [3, 128], [65, 64], [100_000, 99_999]]; // prettier-ignore
  for (let i = 1; i < 60; i++) sizes.push([1 + ((i * 7919) % 300), 1 + ((i * 104_729) % 300)]);
  const scores = await runtime.score(sizes.map((originalSize) => ({ ...pixelsOf(noise!), originalSize })));
  for (const [i, { map }] of scores.entries()) {
    const [rows, columns] = sizes[i]!;
    const size = fittedSize({ height: rows, width: columns }, frameOf(description));
    const shown = withoutPadding(map, size, frameOf(description), 1);
    t.true(
      shown.every((value) => value > 0),
      `${rows} x ${columns}`,
    );
    t.is(map.filter((value) => value > 0).length, size.height * size.width, `${rows} x ${columns}`);
  }
});

test.serial("features of zero have a distance of one, as in the model", async (t) => {
  const model = await seededModel(addon, resnet18);
  await change(model, "decoder", "layer3.1.bn2.bias", () => -1e6);
  await change(model, "decoder", "layer2.1.bn2.bias", () => -1e6);
  const export_ = await exported(t, model, resnet18);
  await model.dispose();
  t.true(Math.max(...export_.native[0]!.map) >= 2);
  t.true((await differenceInNode(export_)) <= tolerance);
});

test.serial("a float16 export scores nearly like its model", async (t) => {
  const model = await seededModel(addon, resnet18);
  const export_ = await exported(t, model, resnet18, { precision: "float16" });
  await model.dispose();
  const found = await differenceInNode(export_);
  t.log(found.toExponential(1));
  t.true(found > 1e-6 && found <= 1e-3, `${found}`);
  if (python === undefined) return;
  runner ??= new OnnxPython(python);
  const data = export_.images[0]!.data as Uint8Array;
  const { first } = await runner.check(export_.path, data, [1, 64, 64, 3], export_.folder);
  t.true(Math.abs(first.score[0]! - export_.native[0]!.score) <= 1e-3);
});

test.serial("parity fails if a weight of the model differs from the export", async (t) => {
  const model = await seededModel(addon, resnet18);
  const export_ = await exported(t, model, resnet18);
  await change(model, "teacher", "bn1.running_var", (value) => value * 1.05);
  const native = await model.score(export_.images, 0, new addon.CancelToken());
  await model.dispose();
  t.true((await differenceInNode({ ...export_, native })) > tolerance);
});

/** Changes the values of one tensor of a model. */
async function change(
  model: NativeModel,
  part: "teacher" | "decoder",
  name: string,
  by: (value: number) => number,
): Promise<void> {
  const tensors = (await model.tensors(part)).map((tensor): NamedTensor => {
    if (tensor.name !== name) return tensor;
    const { buffer, byteOffset, byteLength } = tensor.data;
    const values = new Float32Array(buffer, byteOffset, byteLength / 4).map(by);
    return { ...tensor, data: new Uint8Array(values.buffer) };
  });
  await model.load(part, tensors);
}
