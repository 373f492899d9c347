import { createHash } from "node:crypto";
import { getEventListeners, once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { decodeImage } from "../../../lib/image/decode.js";
import {
  Detector,
  train,
  type ImageInput,
  type ImageSource,
  type RawImage,
  type Score,
} from "../../../lib/index.js";
import type { TrainOptions, TrainProgress } from "../../../lib/index.js";
import type { ModelConfig, NativeModel } from "../../../lib/native/addon.js";
import { loadAddon } from "../../../lib/native/loader.js";
import { writeSafetensors } from "../../../lib/safetensors/writer.js";
import { version } from "../../../lib/version.js";
import { folderOfImages, noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

// The teacher of most of these trainings is random, as a warning says each time.
process.removeAllListeners("warning");

// One after the other: each training takes all cores, and one test replaces a part of the addon.
const folder = mkdtempSync(join(tmpdir(), "facade-"));
const parts = join(folder, "parts");
const partPaths = Array.from({ length: 5 }, (_, index) => join(parts, `00${index}.png`));
const quick: TrainOptions = { imageSize: 64, epochs: 1, batchSize: 2 };
const probe = noise(70, 50, 3, 99);
let detector: Detector;

test.before(async () => {
  await folderOfImages(parts, 5);
  detector = await train(parts, quick);
});
test.after.always(async () => {
  await detector.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function sameScore(a: Score, b: Score): boolean {
  return a.score === b.score && Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function bytesOf({ map: { data } }: Score): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Trains, scores the probe, and disposes of the detector. */
async function outcome(images: ImageSource, options: TrainOptions = {}): Promise<Score> {
  const own = await train(images, { ...quick, ...options });
  try {
    return await own.score(probe);
  } finally {
    await own.dispose();
  }
}

test.serial("a detector says what it computes and how it was trained", async (t) => {
  t.deepEqual(detector.config, {
    backbone: "resnet18",
    layout: "paper",
    layers: [1, 2, 3],
    combine: "sum",
    sigma: 4,
    imageSize: [64, 64],
    normalisation: "imagenet",
    fit: "stretch",
    device: "cpu",
    precision: "float32",
  });
  const { run, ...training } = detector.training!;
  t.deepEqual(training, {
    images: 5,
    epochs: 1,
    batchSize: 2,
    learningRate: 0.005,
    learningRateSchedule: "cosine",
    weightAverage: "none",
    loss: "location",
    seed: 0,
    teacherWeights: null,
  });
  t.throws(() => ((detector.config.imageSize as number[])[0] = 32), { instanceOf: TypeError });
  t.is(run?.losses.length, 1);
  t.true(run!.losses[0]! > 0 && run!.seconds > 0 && Math.abs(Date.parse(run!.date) - Date.now()) < 600_000);
  t.deepEqual([run!.device, run!.precision, run!.package], ["cpu", "float32", version]);
  t.is(run!.libtorch, (await loadAddon()).info().libtorch);
});

test.serial("a score is the largest value of a map of the network's size", async (t) => {
  const { score, map } = await detector.score(partPaths[0]!);
  t.is(map.height, 64);
  t.is(map.width, 64);
  t.true(map.data instanceof Float32Array);
  t.is(map.data.length, 64 * 64);
  t.is(score, Math.max(...map.data));
  t.true(score > 0 && Number.isFinite(score));
});

test.serial("height and width need not be equal", async (t) => {
  const { map } = await outcome(parts, { imageSize: [64, 96] });
  t.deepEqual([map.height, map.width, map.data.length], [64, 96, 64 * 96]);
});

test.serial("a path, its bytes and its pixels get the same score", async (t) => {
  const path = partPaths[1]!;
  const expected = await detector.score(path);
  for (const input of [readFileSync(path), await decodeImage(path)] satisfies ImageInput[]) {
    t.true(sameScore(await detector.score(input), expected));
  }
});

test.serial("a batch returns the scores of its images in order, whatever their sizes", async (t) => {
  const images = [partPaths[2]!, probe, partPaths[3]!, noise(33, 90, 1, 5), noise(64, 64, 4, 6)];
  const batch = await detector.scoreBatch(images, { batchSize: 2 });
  t.is(batch.length, 5);
  for (const [index, image] of images.entries()) {
    const alone = await detector.score(image);
    t.true(
      Math.abs(batch[index]!.score - alone.score) < 1e-4,
      `${index}: ${batch[index]!.score}, ${alone.score}`,
    );
  }
  t.deepEqual(await detector.scoreBatch([]), []);
});

test.serial("a detector gives bit-identical scores after saving and loading", async (t) => {
  const path = join(folder, "model.safetensors");
  await detector.save(path);
  await using loaded = await Detector.load(path);
  t.deepEqual(loaded.config, detector.config);
  t.deepEqual(loaded.training, detector.training);
  for (const image of [probe, ...partPaths])
    t.true(sameScore(await loaded.score(image), await detector.score(image)));
});

test.serial("the digest of the images depends on their pixels and their order", async (t) => {
  const digest = async (images: ImageSource) => {
    await using own = await train(images, quick);
    return own.training!.run!.imagesSha256;
  };
  const { imagesSha256 } = detector.training!.run!;
  t.is(await digest(partPaths.map((path) => readFileSync(path))), imagesSha256);
  t.not(await digest(partPaths.toReversed()), imagesSha256);
  t.not(await digest(partPaths.slice(1)), imagesSha256);
  const hash = createHash("sha256");
  for (const path of partPaths) {
    const { data, width, height, channels } = await decodeImage(path);
    hash.update(`${width}x${height}x${channels}\n`).update(createHash("sha256").update(data).digest());
  }
  t.is(hash.digest("hex"), imagesSha256);
});

test.serial("the same training gives the same detector, and another seed gives another one", async (t) => {
  const expected = await detector.score(probe);
  t.true(sameScore(await outcome(parts), expected));
  t.false(sameScore(await outcome(parts, { seed: 1 }), expected));
});

test.serial("a folder, a list, a generator and an async generator give the same detector", async (t) => {
  const expected = await detector.score(probe);
  t.true(sameScore(await outcome(partPaths), expected), "list");
  t.true(sameScore(await outcome(new Set(partPaths)), expected), "iterable");
  async function* buffers() {
    for (const path of partPaths) yield Promise.resolve(readFileSync(path));
  }
  t.true(sameScore(await outcome(buffers()), expected), "asynchronous generator");
});

test.serial("a generator may reuse one buffer for the raw pixels of all images", async (t) => {
  const frame: RawImage = noise(64, 64, 3);
  async function* frames() {
    for (const path of partPaths) {
      (frame.data as Uint8Array).set((await decodeImage(path)).data);
      yield frame;
    }
  }
  t.true(sameScore(await outcome(frames()), await detector.score(probe)));
});

test.serial("only train/good of a data set in MVTec AD's layout is trained on", async (t) => {
  const dataset = join(folder, "dataset");
  await folderOfImages(join(dataset, "train", "good"), 2);
  await folderOfImages(join(dataset, "test", "bad"), 3);
  await using own = await train(dataset, quick);
  t.is(own.training?.images, 2);
});

test.serial("a batch size above the number of images uses all of them in each step", async (t) => {
  await using own = await train(parts, { ...quick, batchSize: 64 });
  t.is(own.training?.batchSize, 5);
});

test.serial("images that cannot be read fail the training, and the next training works", async (t) => {
  const empty = join(folder, "empty");
  mkdirSync(empty);
  const damaged = await folderOfImages(join(folder, "damaged"), 3);
  truncateSync(join(damaged, "001.png"), 200);
  await rejects(t, train(join(folder, "none"), quick), "NOT_FOUND", /none/);
  await rejects(t, train(empty, quick), "NO_IMAGES", /empty/);
  await rejects(t, train([], quick), "NO_IMAGES");
  await rejects(t, train(partPaths[0]!, quick), "INVALID_ARGUMENT", /is a file/);
  await rejects(t, train(damaged, quick), "INVALID_IMAGE", /damaged\/001\.png cannot be decoded/);
  await rejects(t, train([{ ...probe, width: 0 }], quick), "INVALID_IMAGE");
  for (const source of [Buffer.alloc(3), 7, null, undefined]) {
    await rejects(t, train(source as unknown as ImageSource, quick), "INVALID_ARGUMENT", /images must be/);
  }
  t.true(sameScore(await outcome(parts), await detector.score(probe)));
});

test.serial("invalid options are rejected before anything is opened", async (t) => {
  const nowhere = join(folder, "none");
  await rejects(t, train(nowhere, { epochs: 0 }), "INVALID_ARGUMENT", /epochs must be .* got 0/);
  await rejects(t, train(nowhere, { imageSize: 250 }), "INVALID_ARGUMENT", /imageSize .* got 250/);
});

test.serial("a GPU that does not exist is reported as unavailable", async (t) => {
  await rejects(t, train(parts, { ...quick, device: "cuda:99" }), "DEVICE_UNAVAILABLE", /cuda:99/);
});

test.serial("training on one 32 x 32 image, which gives batch norm only one value, is refused", async (t) => {
  await rejects(t, train([probe], { ...quick, imageSize: 32 }), "INVALID_ARGUMENT");
});

test.serial("a source that throws fails the training, and the error's cause is what it threw", async (t) => {
  const thrown = new Error("camera unplugged");
  async function* camera() {
    yield probe;
    await Promise.reject(thrown);
  }
  const error = await rejects(t, train(camera(), quick), "ABORTED", /iterable of images threw: camera/);
  t.is(error?.cause, thrown);
});

test.serial("an already aborted signal stops every call before anything is opened", async (t) => {
  const reason = new Error("never mind");
  const signal = AbortSignal.abort(reason);
  for (const work of [
    train(join(folder, "none"), { signal }),
    Detector.load(join(folder, "none"), { signal }),
    detector.score(join(folder, "none"), { signal }),
    detector.scoreBatch([join(folder, "none")], { signal }),
    detector.save(join(folder, "never"), { signal }),
  ]) {
    const error = await rejects(t, work, "ABORTED", /never mind/);
    t.is(error?.cause, reason);
  }
});

test.serial("aborting the signal during training ends it and leaves no listener", async (t) => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const onProgress = ({ phase }: TrainProgress) => phase === "training" && controller.abort(reason);
  const { signal } = controller;
  const error = await rejects(t, train(parts, { ...quick, epochs: 100_000, signal, onProgress }), "ABORTED");
  t.is(error?.cause, reason);
  t.is(getEventListeners(signal, "abort").length, 0);
  t.true((await detector.score(probe)).score > 0);
});

test.serial("a finished training leaves no listener on the signal", async (t) => {
  const { signal } = new AbortController();
  await outcome(parts, { signal });
  t.is(getEventListeners(signal, "abort").length, 0);
});

test.serial("aborting the signal ends a training that is waiting for its source", async (t) => {
  const controller = new AbortController();
  async function* stalled(): AsyncGenerator<RawImage> {
    yield probe;
    setImmediate(() => controller.abort());
    await once(new EventTarget(), "never");
  }
  await rejects(t, train(stalled(), { ...quick, signal: controller.signal }), "ABORTED");
});

test.serial("the teacher's features are kept where the options allow, and progress says where", async (t) => {
  const storages: string[] = [];
  const onProgress = (progress: TrainProgress) => {
    if (progress.phase === "training") storages.push(progress.features);
  };
  const kept = await outcome(parts, { epochs: 2, onProgress });
  const inFile = await outcome(parts, { epochs: 2, featureMemory: 0, featureDisk: 2 ** 24, onProgress });
  await outcome(parts, { epochs: 2, featureMemory: 0, onProgress });
  t.deepEqual(storages, ["memory", "memory", "file", "file", "recomputed", "recomputed"]);
  t.true(sameScore(kept, inFile));
});

test.serial(
  "a training with automatic length ends before the maximum, and the model records its epochs",
  async (t) => {
    const reports: TrainProgress[] = [];
    await using detector = await train(parts, {
      ...quick,
      epochs: "auto",
      onProgress: (progress) => reports.push(progress),
    });
    const { epochs, run } = detector.training!;
    t.true(epochs >= 10 && epochs < 200, `${epochs}`);
    t.is(run!.losses.length, epochs);
    const last = reports.at(-1)!;
    t.true(last.phase === "training" && last.epoch === epochs && last.epochs === epochs);
  },
);

test.serial("progress reports every image and every epoch", async (t) => {
  const reports: TrainProgress[] = [];
  await outcome(parts, { epochs: 2, onProgress: (progress) => reports.push(progress) });
  t.deepEqual(
    reports.slice(0, 5),
    [1, 2, 3, 4, 5].map((images) => ({ phase: "reading", images, total: 5 })),
  );
  const epochs = reports.slice(5).map((report) => {
    if (report.phase !== "training") return undefined;
    const { epoch, epochs, loss, imagesPerSecond, secondsLeft } = report;
    t.true(loss > 0 && loss < 6 && imagesPerSecond > 0 && secondsLeft >= 0, JSON.stringify(report));
    return [epoch, epochs];
  });
  t.deepEqual(epochs, [
    [1, 2],
    [2, 2],
  ]);
});

for (const phase of ["reading", "training"]) {
  test.serial(
    `an error that onProgress throws while ${phase} ends the training and is the cause`,
    async (t) => {
      const thrown = new Error("no space in my table");
      const onProgress = (progress: TrainProgress) => {
        if (progress.phase === phase) throw thrown;
      };
      const error = await rejects(
        t,
        train(parts, { ...quick, epochs: 100_000, onProgress }),
        "ABORTED",
        /my table/,
      );
      t.is(error?.cause, thrown);
    },
  );
}

test.serial("a disposed detector refuses work, and waits for running calls", async (t) => {
  const own = await train(parts, quick);
  const running = own.score(probe);
  const disposal = own.dispose();
  t.is(own.dispose(), disposal);
  for (const work of [own.score(probe), own.scoreBatch([probe]), own.save(join(folder, "never"))]) {
    await rejects(t, work, "DISPOSED", /Load it again/);
  }
  t.true((await running).score > 0);
  await disposal;
  await own[Symbol.asyncDispose]();
});

test.serial("maps outlive their detector", async (t) => {
  const { map } = await outcome(parts);
  t.true(map.data.every((value) => Number.isFinite(value)));
});

test.serial("a detector cannot be made with new", (t) => {
  const Constructor = Detector as unknown as new () => Detector;
  t.throws(() => new Constructor(), {
    code: "INVALID_ARGUMENT",
    message: /use train\(\), or Detector\.load\(\)/,
  });
});

test.serial("an image that cannot be scored is named, and the next one is scored", async (t) => {
  await rejects(t, detector.score(join(folder, "none.png")), "NOT_FOUND", /none\.png/);
  await rejects(t, detector.scoreBatch([probe, Buffer.from("?")]), "INVALID_IMAGE");
  await rejects(t, detector.score(probe, { threshold: 3 } as object), "INVALID_ARGUMENT", /"threshold"/);
  await rejects(
    t,
    detector.scoreBatch("folder" as unknown as ImageInput[]),
    "INVALID_ARGUMENT",
    /an array of images/,
  );
  t.true((await detector.score(probe)).score > 0);
});

test.serial("errors from the addon carry the caller's stack", async (t) => {
  async function caller(): Promise<void> {
    await (await train(parts, { ...quick, device: "cuda:99" })).dispose();
  }
  t.regex((await t.throwsAsync(caller()))?.stack ?? "", /at async caller/);
});

test.serial("pixels of allocateImage and maps are not copied", async (t) => {
  const addon = await loadAddon();
  const { Model } = addon;
  let native: NativeModel | undefined;
  addon.Model = { create: async (config) => (native = await Model.create(config)) };
  try {
    await using own = await train(parts, quick);
    for (let i = 0; i < 2; i++) {
      const { data } = own.allocateImage(64, 48);
      const { map } = await own.score({ data, width: 64, height: 48, channels: 3 });
      t.is(native?.lastTransfer.pixels, addon.addressOf(data));
      t.is(native?.lastTransfer.map, addon.addressOf(map.data));
    }
  } finally {
    addon.Model = Model;
  }
});

test.serial(
  "images scored concurrently get their own scores, and one that is not an image fails alone",
  async (t) => {
    const images = [1, 2, 3, 4, 5].map((seed) => noise(70, 50, 3, seed));
    const alone: Score[] = [];
    for (const image of images) alone.push(await detector.score(image));
    const [bad, ...together] = await Promise.allSettled([
      detector.score(join(folder, "no-such-image.png")),
      ...images.map((image) => detector.score(image)),
    ]);
    t.like(bad, { status: "rejected", reason: { code: "NOT_FOUND" } });
    for (const [i, result] of together.entries()) {
      if (result.status === "rejected") throw result.reason;
      const { score, map } = result.value;
      t.true(Math.abs(score - alone[i]!.score) < 1e-5);
      t.true(map.data.every((value, j) => Math.abs(value - alone[i]!.map.data[j]!) < 1e-5));
    }
  },
);

test.serial(
  "a detector scores in the precision that it is loaded with, or says that this CPU does not support it",
  async (t) => {
    const path = join(folder, "precision.safetensors");
    await detector.save(path);
    const expected = await detector.score(probe);
    if ((await loadAddon()).info().cpuRunsBfloat16) {
      await using rounded = await Detector.load(path, { device: "cpu", precision: "bfloat16" });
      t.is(rounded.config.precision, "bfloat16");
      const actual = await rounded.score(probe);
      t.false(sameScore(actual, expected));
      t.true(
        Math.abs(actual.score - expected.score) < 0.05 * expected.score,
        `${actual.score} ${expected.score}`,
      );
    } else {
      t.log("This processor cannot run bfloat16: its refusal is tested instead.");
      const lacking = /"auto" or "float32" on this CPU; got "bfloat16", which needs a processor with AVX-512/;
      const there = { device: "cpu", precision: "bfloat16" } as const;
      await rejects(t, Detector.load(path, there), "INVALID_ARGUMENT", lacking);
      await rejects(t, train(parts, { ...quick, ...there }), "INVALID_ARGUMENT", lacking);
    }
    await using automatic = await Detector.load(path, { precision: "auto" });
    t.is(automatic.config.precision, (await loadAddon()).info().cpuHasBfloat16 ? "bfloat16" : "float32");
    for (const precision of ["float16", "tf32"] as const)
      await rejects(
        t,
        Detector.load(path, { precision, device: "cpu" }),
        "INVALID_ARGUMENT",
        new RegExp(`on this CPU; got "${precision}", which works on GPUs only`),
      );
  },
);

test.serial("a random teacher causes a warning, and one with weights does not", async (t) => {
  const addon = await loadAddon();
  const native = await addon.Model.create({ ...teacherOnly, backbone: "resnet18", seed: 5 });
  const weights = join(folder, "teacher.safetensors");
  const data = new Uint8Array(4);
  await writeSafetensors(
    weights,
    [
      ...(await native.tensors("teacher")).filter(({ name }) => !name.endsWith("num_batches_tracked")),
      { name: "layer4.0.conv1.weight", dtype: "F32", shape: [1], data },
      { name: "fc.bias", dtype: "F32", shape: [1], data },
    ],
    {},
  );
  await native.dispose();

  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on("warning", listen);
  await using own = await train(parts, { ...quick, weights });
  await new Promise(setImmediate);
  t.deepEqual(warnings, []);
  t.is(own.training?.teacherWeights, "teacher.safetensors");
  t.false(sameScore(await own.score(probe), await detector.score(probe)), "the weights make a difference");
  await outcome(parts);
  await new Promise(setImmediate);
  process.off("warning", listen);
  t.is(warnings[0]?.name, "ReverseDistillationWarning");
  t.regex(warnings[0]?.message ?? "", /resnet18.*random.*`weights`/);

  const wrong = train(parts, { ...quick, weights, backbone: "resnet34" });
  await rejects(t, wrong, "INVALID_FILE", /resnet34: it lacks layer1\.2\..*looks like resnet18/);
  await rejects(t, train(parts, { ...quick, weights: join(folder, "none") }), "NOT_FOUND");
  await rejects(
    t,
    train(parts, { ...quick, weights: partPaths[0]! }),
    "INVALID_FILE",
    /not a safetensors file/,
  );
});

const teacherOnly: Omit<ModelConfig, "backbone" | "seed"> = {
  layout: "paper",
  layers: [1, 2, 3],
  combine: "sum",
  sigma: 4,
  height: 64,
  width: 64,
  fit: "stretch",
  normalisation: "imagenet",
  device: "cpu",
  precision: "float32",
};
