import { join } from "node:path";
import test from "ava";
import { seededImages } from "../../bench/parity/inputs.js";
import { Detector, train, type Score } from "../../lib/index.js";
import { loadAddon } from "../../lib/native/loader.js";
import { rejects } from "./rejection.js";
import { temporaryFolder } from "./temporary-folder.js";

const { cudaDevices } = loadAddon().info();
const testOnGpu = cudaDevices > 0 ? test.serial : test.serial.skip;
if (cudaDevices === 0) console.error("SKIPPED: tests on a GPU: there is none that this build can compute on");

const images = seededImages(6, [64, 64]);
const settings = { imageSize: 64, epochs: 2, batchSize: 4 } as const;

/** The largest difference between two scores' maps. */
function difference(a: Score, b: Score): number {
  return a.map.data.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b.map.data[i]!)), 0);
}

test("a GPU that is not there is refused, and auto takes what is there", async (t) => {
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
    await using loaded = await Detector.load(path, { device: other });
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
    for (const batchSize of [1, 2, 6, 4, 6])
      for (const [i, score] of (await detector.scoreBatch(images, { batchSize })).entries())
        if (i === 0) t.true(difference(alone, score) < 1e-3);
  },
);

testOnGpu(
  "a GPU that is out of memory is an error that says how much was asked for, and the detector survives",
  async (t) => {
    await using detector = await train(images, {
      ...settings,
      imageSize: 1024,
      epochs: 1,
      batchSize: 2,
      device: "cuda:0",
    });
    const before = await detector.score(images[0]!);
    const image = images[0]!;
    const many = Array.from({ length: 2048 }, () => image);
    await rejects(
      t,
      detector.scoreBatch(many, { batchSize: many.length }),
      "OUT_OF_MEMORY",
      /GPU 0 is out of memory: .* were asked for, and .* were free/,
    );
    t.is(difference(before, await detector.score(image)), 0);
  },
);
