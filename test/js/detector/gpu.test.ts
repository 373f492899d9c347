import { join } from "node:path";
import test from "ava";
import { seededImages } from "../../../bench/parity/inputs.js";
import { Detector, train, type Score, type TrainProgress } from "../../../lib/index.js";
import { loadAddon } from "../../../lib/native/loader.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const { cudaDevices } = (await loadAddon()).info();
const testOnGpu = cudaDevices > 0 ? test.serial : test.serial.skip;
if (cudaDevices === 0) console.error("SKIPPED: tests on a GPU: there is none that this build can compute on");

const images = seededImages(6, [64, 64]);
const settings = { imageSize: 64, epochs: 3, batchSize: 4, precision: "float32" } as const;

/** The largest difference between two scores' maps. */
function difference(a: Score, b: Score): number {
  return a.map.data.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b.map.data[i]!)), 0);
}

test("a GPU that does not exist is refused, and auto uses what exists", async (t) => {
  await rejects(
    t,
    train(images, { ...settings, device: `cuda:${cudaDevices}` }),
    "DEVICE_UNAVAILABLE",
    /device "cuda:\d+" is not available: .*Use "cpu" or "auto"\./,
  );
  await using detector = await train(images, { ...settings, epochs: 1 });
  t.is(detector.config.device, cudaDevices > 0 ? "cuda:0" : "cpu");
});

testOnGpu("a detector trained on the GPU scores the same on the CPU, and the other way around", async (t) => {
  const path = join(await temporaryFolder(t), "model.safetensors");
  for (const [trained, other] of [
    ["cuda:0", "cpu"],
    ["cpu", "cuda:0"],
  ] as const) {
    await using detector = await train(images, { ...settings, device: trained });
    await detector.save(path);
    await using loaded = await Detector.load(path, { device: other, precision: "float32" });
    t.is(loaded.config.device, other);
    const [here, there] = [await detector.scoreBatch(images), await loaded.scoreBatch(images)];
    for (const [i, score] of here.entries()) t.true(difference(score, there[i]!) < 2e-3);
  }
});

for (const options of [
  { loss: "global" },
  { combine: "product" },
  { layers: [2, 3] },
  { layout: "official" },
  { backbone: "wide_resnet50_2" },
  { imageSize: [32, 96] },
] as const) {
  testOnGpu(`training on the GPU takes ${JSON.stringify(options)}`, async (t) => {
    const losses: number[] = [];
    await using detector = await train(images, {
      ...settings,
      epochs: 3,
      device: "cuda:0",
      ...options,
      onProgress: (progress) => {
        if (progress.phase === "training") losses.push(progress.loss);
      },
    });
    t.true(losses.at(-1)! < losses[0]!);
    const { score, map } = await detector.score(images[0]!);
    t.is(score, Math.max(...map.data));
  });
}

testOnGpu(
  "scores of one image and of a batch agree on the GPU, whatever the batch's size, again and again",
  async (t) => {
    await using detector = await train(images, { ...settings, device: "cuda:0" });
    const alone = await detector.score(images[0]!);
    // More sizes than are kept, then those that were dropped, and one that was not.
    const sizes = [...Array.from({ length: 18 }, (_, i) => i + 1), 1, 2, 18];
    for (const batchSize of sizes) {
      const batch = Array.from({ length: batchSize }, (_, i) => images[i % images.length]!);
      const [score] = await detector.scoreBatch(batch, { batchSize });
      t.true(difference(alone, score!) < 1e-3, `batches of ${batchSize}`);
    }
  },
);

testOnGpu("a first step on the GPU has the loss that it has on the CPU", async (t) => {
  for (const loss of ["location", "global"] as const) {
    const first = async (device: "cpu" | "cuda:0"): Promise<number> => {
      let seen = NaN;
      const onProgress = (progress: TrainProgress) => {
        if (progress.phase === "training") seen = progress.loss;
      };
      const detector = await train(images, {
        ...settings,
        loss,
        epochs: 1,
        batchSize: 6,
        device,
        onProgress,
      });
      await detector.dispose();
      return seen;
    };
    const [cpu, gpu] = [await first("cpu"), await first("cuda:0")];
    t.true(Math.abs(cpu - gpu) < 1e-3 * cpu, `${loss}: ${cpu} on the CPU, ${gpu} on the GPU`);
  }
});

for (const precision of ["float32", "tf32", "bfloat16"] as const)
  testOnGpu(`trainings in ${precision} repeat to the bit on the GPU`, async (t) => {
    const options = { ...settings, epochs: 3, device: "cuda:0", precision } as const;
    await using one = await train(images, options);
    await using other = await train(images, options);
    t.is(one.config.precision, precision);
    t.is(difference(await one.score(images[0]!), await other.score(images[0]!)), 0);
  });

testOnGpu("without a precision, GPUs compute in bfloat16", async (t) => {
  const path = join(await temporaryFolder(t), "model.safetensors");
  await using trained = await train(images, { ...settings, precision: undefined, device: "cuda:0" });
  t.is(trained.config.precision, "bfloat16");
  await trained.save(path);
  await using loaded = await Detector.load(path);
  t.is(loaded.config.precision, "bfloat16");
});

for (const options of [
  { precision: "float32" },
  { precision: "bfloat16", learningRateSchedule: "cosine" },
  { precision: "bfloat16", weightAverage: "ema", featureMemory: 0, featureDisk: 0 },
] as const)
  testOnGpu(
    `a training with ${JSON.stringify(options)} that is stopped on the GPU resumes to the same bits`,
    async (t) => {
      const path = join(await temporaryFolder(t), "run.checkpoint");
      const all = { ...settings, ...options, epochs: 6, device: "cuda:0" } as const;
      await using expected = await train(images, all);
      const stop = new AbortController();
      const stopped = await train(images, {
        ...all,
        checkpoint: { path, everySeconds: 1000 },
        stop: stop.signal,
        onProgress: (progress) => {
          if (progress.phase === "training" && progress.epoch === 4) stop.abort();
        },
      });
      await stopped.dispose();
      await using resumed = await train(images, { ...all, resume: path });
      for (const image of images)
        t.is(difference(await expected.score(image), await resumed.score(image)), 0);
    },
  );

testOnGpu("every precision scores close to float32, which stays what it is beside the others", async (t) => {
  const path = join(await temporaryFolder(t), "model.safetensors");
  await using exact = await train(images, { ...settings, device: "cuda:0" });
  await exact.save(path);
  const expected = await exact.score(images[0]!);
  for (const precision of ["tf32", "bfloat16", "float16"] as const) {
    await using rounded = await Detector.load(path, { device: "cuda:0", precision });
    const score = await rounded.score(images[0]!);
    t.true(difference(score, expected) < 0.1 * expected.score, precision);
    await using beside = await Detector.load(path, { device: "cuda:0", precision: "float32" });
    const scores = await Promise.all([rounded.scoreBatch(images), beside.score(images[0]!)]);
    t.is(difference(scores[1], expected), 0, `float32 beside ${precision}`);
  }
});

testOnGpu("many detectors that begin to score at once do not disturb each other", async (t) => {
  const sigmas = Array.from({ length: 20 }, (_, i) => i + 1);
  const detectors: Detector[] = [];
  try {
    for (const sigma of sigmas)
      detectors.push(await train(images, { ...settings, epochs: 1, sigma, device: "cuda:0" }));
    const together = await Promise.all(detectors.map((detector) => detector.score(images[0]!)));
    for (const [i, detector] of detectors.entries())
      t.is(difference(together[i]!, await detector.score(images[0]!)), 0, `sigma ${sigmas[i]}`);
    t.true(together.every(({ score }, i) => i === 0 || score <= together[0]!.score));
  } finally {
    await Promise.all(detectors.map((detector) => detector.dispose()));
  }
});

testOnGpu("an image in pinned memory scores as any other, as often as it is filled in", async (t) => {
  await using detector = await train(images, { ...settings, device: "cuda:0" });
  const pinned = detector.allocateImage(64, 64);
  for (const { data } of images) {
    pinned.data.set(data);
    const [here, there] = [await detector.score(pinned), await detector.score({ ...pinned, data })];
    t.is(difference(here, there), 0);
  }
});

testOnGpu(
  "a GPU that is out of memory is an error that says how much was asked for, and the detector survives",
  async (t) => {
    await using detector = await train(images, { ...settings, device: "cuda:0" });
    const image = images[0]!;
    const before = await detector.score(image);
    // Activations of about half a terabyte.
    const many = Array.from({ length: 1024 }, () => image);
    await rejects(
      t,
      train(many, { imageSize: 1024, batchSize: many.length, epochs: 1, device: "cuda:0" }),
      "OUT_OF_MEMORY",
      /GPU 0 is out of memory: .* were requested, and .* were free/,
    );
    t.is(difference(before, await detector.score(image)), 0);
  },
);
