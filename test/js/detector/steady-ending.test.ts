import { join } from "node:path";
import test from "ava";
import { Detector, train, type TrainOptions, type TrainProgress } from "../../../lib/index.js";
import { ModelFile } from "../../../lib/model-file/file.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

process.removeAllListeners("warning");

const images = Array.from({ length: 5 }, (_, index) => noise(32, 64, 3, index + 1));
const paper = { learningRateSchedule: "constant", weightAverage: "none" } as const;
const steady = { learningRateSchedule: "cosine", weightAverage: "ema" } as const;
const small: TrainOptions = {
  ...{ imageSize: [32, 64], batchSize: 2, device: "cpu", threads: 2, calibrate: false, epochs: 5 },
};

async function scoreOf(options: TrainOptions): Promise<number> {
  await using detector = await train(images, { ...small, ...options });
  return (await detector.score(images[0]!)).score;
}

test.serial(
  "each option changes what a training ends with, and another training with it ends the same",
  async (t) => {
    const scores = [
      await scoreOf({ recipe: "paper" }),
      await scoreOf({}),
      await scoreOf({ recipe: "paper", weightAverage: "ema" }),
      await scoreOf(steady),
    ];
    t.is(new Set(scores).size, 4);
    t.is(await scoreOf(steady), scores[3]!);
    t.is(await scoreOf(paper), scores[0]!);
    t.is(await scoreOf({ learningRateSchedule: "cosine" }), scores[1]!);
  },
);

test.serial("a model file says how it was trained, in the version that can say so", async (t) => {
  const folder = await temporaryFolder(t);
  for (const [options, version] of [
    [steady, "6"],
    [paper, "2"],
  ] as const) {
    await using detector = await train(images, { ...small, ...options, epochs: 1 });
    const path = join(folder, `${version}.safetensors`);
    await detector.save(path);
    const file = await SafetensorsFile.open(path);
    t.is(file.metadata.format_version, version);
    t.is(file.metadata.training!.includes("weightAverage"), version === "6");
    await file.close();
    await using loaded = await Detector.load(path);
    t.like(loaded.training, { ...paper, ...options });
    const { metadata } = await ModelFile.open(path);
    t.deepEqual(metadata.training, detector.training);
  }
});

test.serial(
  "a training that is stopped resumes to the same score, and not to another number of epochs",
  async (t) => {
    const path = join(await temporaryFolder(t), "run.checkpoint");
    const checkpoint = { path, everySeconds: 1000 };
    const stop = new AbortController();
    const onProgress = (progress: TrainProgress) => {
      if (progress.phase === "training" && progress.epoch === 2) stop.abort();
    };
    const stopped = await scoreOf({ ...steady, checkpoint, stop: stop.signal, onProgress });
    const resumed = { ...steady, checkpoint, resume: true };
    for (const epochs of [4, 6, "auto"] as const) {
      await rejects(
        t,
        train(images, { ...small, ...resumed, epochs }),
        "INVALID_ARGUMENT",
        /epochs is 5 there and \S+ here, and the learning rate depends on it/,
      );
    }
    await rejects(
      t,
      train(images, { ...small, ...resumed, weightAverage: "none" }),
      "INVALID_ARGUMENT",
      /weightAverage is ema there and none here/,
    );
    const expected = await scoreOf(steady);
    t.not(stopped, expected);
    t.is(await scoreOf(resumed), expected);
  },
);

test("values that are not allowed are refused", async (t) => {
  await rejects(
    t,
    train(images, { ...small, learningRateSchedule: "linear" as "cosine" }),
    "INVALID_ARGUMENT",
    /^learningRateSchedule must be "constant" or "cosine"; got 'linear'\.$/,
  );
  await rejects(
    t,
    train(images, { ...small, weightAverage: true as unknown as "ema" }),
    "INVALID_ARGUMENT",
    /^weightAverage must be "none" or "ema"; got true\.$/,
  );
});
