import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import * as api from "../../../lib/index.js";
import { calibrateOptions } from "../../../lib/options/calibrate.js";
import { quantiseOptions } from "../../../lib/options/quantise.js";
import { warmUpOptions } from "../../../lib/options/warm-up.js";
import { heatmapOptions } from "../../../lib/options/heatmap.js";
import { trainOptions } from "../../../lib/options/train.js";
import * as preprocessing from "../../../lib/preprocess.js";
import { noise } from "../support/image-fixtures.js";
import { hostile, traps } from "./hostile.js";
import { holds } from "./property.js";
import { survives } from "./survives.js";

process.removeAllListeners("warning");

/** A public function as untyped code calls it. */
type Call = (value: unknown, other: unknown) => unknown;
type Untyped = Record<string, (...values: unknown[]) => unknown>;

const folder = mkdtempSync(join(tmpdir(), "properties-"));
const absent = join(folder, "absent");
const image = noise(40, 30, 3);
const smallest = { imageSize: 32, epochs: 1, device: "cpu" } as const;
const map = { data: Float32Array.of(0, 1, 2, 3), height: 2, width: 2 };
const dataset = { train: [], test: [{ image: absent, label: "good" }], unusedMasks: [] };

const index = { ...api, ...preprocessing } as unknown as Untyped;
const emptyCache = { REVERSE_DISTILLATION_CACHE: folder };
const DetectorClass = api.Detector as unknown as Untyped & (new (...values: unknown[]) => unknown);
const Scores = api.PixelScores as unknown as new (...values: unknown[]) => Untyped;
const WatchClass = api.Watch as unknown as new (...values: unknown[]) => Untyped;
let detector: Untyped;

test.before(async () => {
  detector = (await api.train([image, noise(40, 30, 3, 2)], smallest)) as unknown as Untyped;
  // Where relative paths, which hostile values may be, lead to nothing.
  mkdirSync(join(folder, "here"));
  process.chdir(join(folder, "here"));
});
test.after.always(async () => {
  await detector.dispose!();
  rmSync(folder, { recursive: true, force: true });
});

/** Disposes of a detector if the call makes one. */
async function disposing(made: unknown): Promise<void> {
  await ((await made) as api.Detector | undefined)?.dispose();
}

/** Options in which one is hostile, or which are hostile throughout. */
function options(value: unknown, names: readonly string[]): unknown[] {
  return [value, ...names.map((name) => ({ [name]: value }))];
}

/** A call of a function for each of its options, and one with hostile options. */
function withOptions(names: readonly string[], call: (options: unknown) => unknown): Call[] {
  return options(undefined, names).map((_, at) => (value) => call(options(value, names)[at]));
}

const signalled = ["signal"];
const metric = (name: string): Call[] => [
  (value, other) => index[name]!(value, other),
  (value) => index[name]!([1, 2], value),
  (value) => index[name]!(value, [0, 1]),
  (value) => index[name]!([1, value], [0, 1]),
];
const pixelMetric = (name: string): Call[] => [
  (value, other) => index[name]!(value, other),
  (value) => index[name]!(value, [null]),
  (value) => index[name]!([value], [null]),
  (value) => index[name]!([{ data: Float32Array.of(1), height: 1, width: 1 }], [value]),
];
const pixelOptions = (name: string, option = "maxFpr"): Call[] => [
  ...pixelMetric(name),
  ...withOptions([option], (given) => index[name]!([], [], given)),
];

/** What is called with hostile values: every exported function and class, by its name. */
const calls: Record<string, readonly Call[]> = {
  train: [
    (value) => disposing(index.train!(value, smallest)),
    (value) => disposing(index.train!([image, value], smallest)),
    ...withOptions(Object.keys(trainOptions), (given) => index.train!(absent, given)),
  ],
  Detector: [
    (value) => new DetectorClass(value),
    (value) => disposing(DetectorClass.load!(value)),
    ...withOptions(
      ["device", "precision", "threads", "batching", "weights", "signal", "onProgress"],
      (given) => DetectorClass.load!(absent, given),
    ),
    (value) => disposing(DetectorClass.fromCheckpoint!(value, { weights: absent })),
    ...withOptions(["backbone", "weights", "layers", "sigma", "imageSize", "device", "signal"], (given) =>
      DetectorClass.fromCheckpoint!(absent, given),
    ),
    (value) => detector.score!(value),
    ...withOptions(["regions", "map", "maxPixels", "signal"], (given) => detector.score!(image, given)),
    (value) => detector.calibrate!(value),
    (value) => detector.calibrate!([value, image], { allowTrained: true }),
    ...withOptions([...Object.keys(calibrateOptions)], (given) =>
      detector.calibrate!([image, noise(8, 8, 3)], given),
    ),
    (value) => detector.quantise!(value),
    ...withOptions([...Object.keys(quantiseOptions)], (given) => detector.quantise!([image], given)),
    ...withOptions([...Object.keys(warmUpOptions)], (given) => detector.warmUp!(given)),
    (value) => detector.setThresholds!(value),
    ...withOptions(["reject", "review", "outline"], (given) => detector.setThresholds!(given)),
    (value) => detector.rateAt!(value),
    ...withOptions(["partsPerFalseAlarm", "mostRejected", "statistics"], (given) => detector.watch!(given)),
    (value) => detector.scoreBatch!(value),
    (value) => detector.scoreBatch!([image, value]),
    ...withOptions(["batchSize", "regions", "map", "signal"], (given) =>
      detector.scoreBatch!([image], given),
    ),
    (value, other) => detector.allocateImage!(value, other),
    (value) => detector.allocateImage!(2, 2, value),
    (value) => detector.evaluate!(value),
    (value) => detector.evaluate!({ ...dataset, test: value }),
    (value) => detector.evaluate!({ ...dataset, test: [value] }),
    ...withOptions(["pixels", "onProgress", "onScored", "signal"], (given) =>
      detector.evaluate!(dataset, given),
    ),
    (value) => detector.save!(value),
    ...withOptions(["precision", "teacher", "signal"], (given) =>
      detector.save!(join(folder, "a.safetensors"), given),
    ),
    (value) => detector.export!(value, { format: "onnx" }),
    ...withOptions(["format", "input", "precision", "externalDataThreshold", "signal"], (given) =>
      detector.export!(join(folder, "a.onnx"), given),
    ),
    (value) => detector.saveCheckpoint!(value),
    ...withOptions(signalled, (given) => detector.saveCheckpoint!(join(folder, "a.pth"), given)),
  ],
  datasetFromLists: [
    (value) => index.datasetFromLists!(value),
    (value) => index.datasetFromLists!({ train: value }),
    (value) => index.datasetFromLists!({ test: value }),
    (value) => index.datasetFromLists!({ test: [value] }),
    ...["image", "label", "mask", "group"].map(
      (key): Call =>
        (value) =>
          index.datasetFromLists!({ test: [{ image: "a.png", label: "scratch", [key]: value }] }),
    ),
  ],
  openDataset: [
    (value) => index.openDataset!(value),
    ...withOptions(["format"], (given) => index.openDataset!(absent, given)),
  ],
  listImages: [
    (value) => index.listImages!(value),
    ...withOptions(["except"], (given) => index.listImages!(absent, given)),
  ],
  splitNormal: [
    (value) => index.splitNormal!(value),
    ...withOptions(["testFraction", "seed"], (given) => index.splitNormal!(absent, given)),
  ],
  formatReport: [
    (value) => index.formatReport!(value),
    (value) => index.formatReport!({ overall: value, kinds: [value] }),
  ],
  auroc: metric("auroc"),
  averagePrecision: metric("averagePrecision"),
  f1Max: metric("f1Max"),
  classificationMetrics: metric("classificationMetrics"),
  pixelAuroc: pixelMetric("pixelAuroc"),
  pixelAveragePrecision: pixelMetric("pixelAveragePrecision"),
  pixelF1Max: pixelMetric("pixelF1Max"),
  pixelMetrics: pixelOptions("pixelMetrics"),
  pro: pixelOptions("pro"),
  aupimo: pixelOptions("aupimo", "fprBounds"),
  PixelScores: [
    (value) => new Scores(value),
    (value, other) => new Scores().add!(value, other),
    ...["data", "height", "width"].map(
      (key): Call =>
        (value) =>
          new Scores().add!({ data: Float32Array.of(1), height: 1, width: 1, [key]: value }, null),
    ),
    ...withOptions(["maxFpr"], (given) => new Scores().pro!(given)),
    ...withOptions(["maxFpr"], (given) => new Scores().metrics!(given)),
    ...withOptions(["fprBounds"], (given) => new Scores().aupimo!(given)),
  ],
  findRegions: [
    (value) => index.findRegions!(value, { seed: 1 }),
    ...["data", "height", "width"].map(
      (key): Call =>
        (value) =>
          index.findRegions!({ ...map, [key]: value }, { seed: 1 }),
    ),
    ...withOptions(["seed", "outline", "minArea", "maxCount", "mask", "imageSize", "signal"], (given) =>
      index.findRegions!(map, given),
    ),
    ...withOptions(["outline", "minArea", "maxCount", "mask", "imageSize", "signal"], (given) =>
      index.findRegions!(map, seeded(given)),
    ),
  ],
  resizeMap: [
    (value) => index.resizeMap!(value, { imageSize: [2, 2] }),
    ...withOptions(["imageSize", "signal"], (given) => index.resizeMap!(map, given)),
  ],
  drawHeatmap: [
    (value) => index.drawHeatmap!(value, map),
    (value) => index.drawHeatmap!(image, value),
    ...["data", "height", "width"].map(
      (key): Call =>
        (value) =>
          index.drawHeatmap!(image, { ...map, [key]: value }),
    ),
    ...withOptions(Object.keys(heatmapOptions), (given) => index.drawHeatmap!(image, map, given)),
    (value) => index.drawHeatmap!(image, map, { outlines: [value], marks: [value] }),
    (value) => index.drawHeatmap!(image, map, { outlines: [[value]] }),
  ],
  configureNative: withOptions(["libtorch", "addon", "backend"], (given) => index.configureNative!(given)),
  obtainImagenetWeights: [
    (value) => index.obtainImagenetWeights!(value, { offline: true, env: emptyCache }),
    ...withOptions(["signal", "onProgress"], (given) =>
      index.obtainImagenetWeights!("resnet18", offline(given)),
    ),
  ],
  findOrDownloadWeights: [
    (value) => index.findOrDownloadWeights!(value, { offline: true, env: emptyCache }),
    ...withOptions(["signal", "onProgress"], (given) =>
      index.findOrDownloadWeights!("resnet18", offline(given)),
    ),
  ],
  preprocess: [
    (value) => index.preprocess!(value, 32),
    (value) => index.preprocess!(image, value),
    ...["data", "width", "height", "channels"].map(
      (key): Call =>
        (value) =>
          index.preprocess!({ ...image, [key]: value }, 32),
    ),
  ],
  Watch: [
    (value, other) => new WatchClass(value, other),
    (value) => new WatchClass([value], { reject: 1, review: 1, outline: value }),
    ...withOptions(
      ["partsPerFalseAlarm", "mostRejected"],
      (given) => new WatchClass([1, 2], { reject: 3, review: 2, outline: 1 }, given),
    ),
    (value) => new WatchClass([1, 2], { reject: 3, review: 2, outline: 1 }).add!(value),
    (value) => new WatchClass([1, 2], { reject: 3, review: 2, outline: 1 }).add!({ score: value }),
  ],
  normalise: [
    (value) => index.normalise!(value, "imagenet"),
    (value) => index.normalise!({ data: new Uint8Array(3), dims: [1, 1, 1, 3] }, value),
    (value) => index.normalise!({ data: value, dims: [1, 1, 1, 3] }, "none"),
    (value) => index.normalise!({ data: new Uint8Array(3), dims: value }, "none"),
  ],
};

/** With the option that is required, and with options that are hostile apart from that. */
function seeded(given: unknown): unknown {
  try {
    return { ...(given as object), seed: 1 };
  } catch {
    return { seed: given };
  }
}

/** Without a network and a cache, and with options that are hostile apart from that. */
function offline(given: unknown): unknown {
  try {
    return { ...(given as object), offline: true, env: emptyCache };
  } catch {
    return { offline: given, env: emptyCache };
  }
}

test("every exported function and class is called", (t) => {
  const exported = Object.entries({ ...api, ...preprocessing }).filter(
    ([name, value]) => typeof value === "function" && name !== "ReverseDistillationError",
  );
  t.deepEqual(Object.keys(calls).sort(), exported.map(([name]) => name).sort());
});

for (const [name, each] of Object.entries(calls)) {
  test.serial(`${name} survives every value that breaks careless code`, async (t) => {
    for (const [trap, make] of traps)
      for (const [at, call] of each.entries())
        await t.notThrowsAsync(async () => survives(() => call(make(), make())), `${trap}, call ${at}`);
  });

  test.serial(`${name} survives arguments of any type`, async (t) => {
    const property = fc.asyncProperty(fc.nat(each.length - 1), hostile, hostile, async (at, value, other) => {
      await survives(() => each[at]!(value(), other()));
    });
    await holds(t, 100, property);
  });
}
