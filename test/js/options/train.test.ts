import { totalmem } from "node:os";
import { inspect } from "node:util";
import test from "ava";
import { ReverseDistillationError, trainDefaults, type TrainOptions } from "../../../lib/index.js";
import type { CheckpointingOptions } from "../../../lib/options/checkpointing.js";
import { resolveTrainOptions } from "../../../lib/options/train.js";

test("options left out take their defaults", (t) => {
  const {
    good,
    format,
    weights,
    warmStart,
    threads,
    signal,
    onProgress,
    imageSize,
    featureMemory,
    batching,
    ...others
  } = resolveTrainOptions();
  const { calibrate, checkpoint, stop, roi, tiles, precision, ...rest } = others;
  const { imageSize: side, calibrate: auto, ...defaults } = trainDefaults;
  t.is(auto, "auto");
  t.like(calibrate, { required: false, extrapolate: false });
  t.deepEqual({ ...rest }, { ...defaults, layers: [...defaults.layers] });
  t.deepEqual(imageSize, [side, side]);
  t.deepEqual(
    [good, format, weights, warmStart, threads, signal, onProgress, checkpoint, stop, roi, tiles, precision],
    [
      undefined,
      undefined,
      undefined,
      undefined,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ],
  );
  t.deepEqual(batching, { maxBatch: 8, maxDelayMs: 0, maxQueue: 10_000, maxQueuedBytes: 2 ** 30 });
  t.true(Number.isSafeInteger(featureMemory) && featureMemory <= totalmem() / 4 && featureMemory > 2 ** 24);
});

test("an option that is undefined counts as left out", (t) => {
  t.is(resolveTrainOptions({ epochs: undefined }).epochs, trainDefaults.epochs);
});

test("a recipe changes the defaults of what is left out, and nothing that is given", (t) => {
  const rate = (options: TrainOptions) => resolveTrainOptions(options).learningRateSchedule;
  t.is(rate({}), "cosine");
  t.is(rate({ recipe: "steady" }), "cosine");
  t.is(rate({ recipe: "paper" }), "constant");
  t.is(rate({ recipe: "paper", learningRateSchedule: undefined }), "constant");
  t.is(rate({ recipe: "paper", learningRateSchedule: "cosine" }), "cosine");
  t.is(rate({ learningRateSchedule: "constant" }), "constant");
  t.throws(() => resolveTrainOptions({ recipe: "toString" as "paper" }), {
    code: "INVALID_ARGUMENT",
    message: 'recipe must be "steady" or "paper"; got \'toString\'.',
  });
});

test("values take the form that the work needs", (t) => {
  const resolved = resolveTrainOptions({
    imageSize: [64, 96],
    layers: [3, 1],
    weights: new URL("file:///a%20b/w.safetensors"),
    device: "cuda:1",
    threads: 2,
  });
  t.deepEqual(resolved.imageSize, [64, 96]);
  t.deepEqual(resolved.layers, [1, 3]);
  t.is(resolved.weights, "/a b/w.safetensors");
  t.is(resolved.device, "cuda:1");
  t.is(resolved.threads, 2);
});

const refused: [option: keyof TrainOptions, value: unknown, message: RegExp][] = [
  ["backbone", "resnet101", /"resnet18", "resnet34", "resnet50" or "wide_resnet50_2"; got 'resnet101'/],
  ["weights", "", /a path or a file: URL; got ''/],
  ["weights", new URL("https://example.org/w"), /file: URL; got 'https:/],
  ["imageSize", 250, /multiple of 32 from 32 to 4096.*\(the nearest is 256\); got 250/],
  ["imageSize", [256, 100], /\(the nearest is 256 x 96\); got \[ 256, 100 \]/],
  ["imageSize", 0, /the nearest is 32\); got 0/],
  ["imageSize", [64, 64, 3], /\[height, width\]/],
  ["imageSize", "256", /got '256'/],
  ["imageSize", Number.NaN, /got NaN/],
  ["epochs", 0, /a whole number from 1 to 1000000; got 0/],
  ["epochs", 2.5, /a whole number/],
  ["epochs", "all", /a whole number from 1 to 1000000, or "auto"; got 'all'/],
  ["epochs", null, /got null/],
  ["batchSize", 0, /a whole number from 1/],
  ["learningRate", 0, /a number above 0/],
  ["learningRate", Infinity, /a number above 0/],
  ["loss", "mse", /"location" or "global"/],
  ["layout", "paper ", /"paper" or "official"/],
  ["layers", [], /one or more of 1, 2 and 3/],
  ["layers", [1, 1], /each at most once/],
  ["layers", [0], /one or more of 1, 2 and 3/],
  ["combine", "mean", /"sum" or "product"/],
  ["normalisation", "mean", /"imagenet" or "none"/],
  ["sigma", 0, /a number above 0/],
  ["sigma", "4", /got '4'/],
  ["seed", -1, /a whole number from 0/],
  ["seed", 2 ** 53, /a whole number from 0/],
  ["device", "gpu", /"auto", "cpu" or "cuda:N"/],
  ["device", "cuda", /"auto", "cpu" or "cuda:N"/],
  ["threads", 0, /a whole number from 1/],
  ["precision", "float16", /"auto", "float32", "tf32" or "bfloat16"/],
  ["featureMemory", -1, /a whole number from 0/],
  ["featureDisk", 0.5, /a whole number from 0/],
  ["batching", 8, /an object/],
  ["batching", { maxBatch: 0 }, /a whole number from 1/],
  ["batching", { maxDelayMs: -1 }, /a number of milliseconds/],
  ["batching", { maxQueue: 1.5 }, /a whole number from 1/],
  ["signal", {}, /an AbortSignal/],
  ["onProgress", "yes", /a function/],
  ["checkpoint", "file", /an object; got 'file'/],
  ["checkpoint", {}, /a path or a file: URL; got undefined/],
  ["checkpoint", { path: "c", everyEpochs: 0 }, /a whole number from 1/],
  ["checkpoint", { path: "c", everySeconds: 0 }, /a number above 0/],
  ["resume", 1, /true, false, or the path of a checkpoint; got 1/],
  ["resume", "", /a path or a file: URL/],
  ["resume", true, /the path of a checkpoint, unless the option checkpoint names one; got true/],
  ["stop", "now", /an AbortSignal/],
];
for (const [option, value, message] of refused) {
  test(`${option} must not be ${inspect(value)}, ${String(message)}`, (t) => {
    const error = t.throws(() => resolveTrainOptions({ [option]: value }), {
      instanceOf: ReverseDistillationError,
      code: "INVALID_ARGUMENT",
      message,
    });
    t.regex(error.message, new RegExp(`^${option}(\\.\\w+)? must be `));
  });
}

test("checkpoints are written after every epoch unless something else is said", (t) => {
  const resolved = (given: Partial<CheckpointingOptions>) =>
    resolveTrainOptions({ checkpoint: { path: "c", ...given } }).checkpoint;
  t.deepEqual(resolved({}), { path: "c", everyEpochs: 1, everySeconds: undefined });
  t.deepEqual(resolved({ everySeconds: 2.5 }), { path: "c", everyEpochs: undefined, everySeconds: 2.5 });
  t.deepEqual(resolved({ everyEpochs: 3, everySeconds: 9 }), { path: "c", everyEpochs: 3, everySeconds: 9 });
});

test("an unknown option is refused, and the known ones are named", (t) => {
  const options = { epoch: 3 } as TrainOptions;
  t.throws(() => resolveTrainOptions(options), {
    code: "INVALID_ARGUMENT",
    message: /"epoch".*epochs, batchSize/,
  });
  t.throws(() => resolveTrainOptions(null as unknown as TrainOptions), {
    message: /options must be an object/,
  });
});
