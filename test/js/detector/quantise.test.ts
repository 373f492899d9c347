import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { Detector, train, type RawImage } from "../../../lib/index.js";
import { ModelFile } from "../../../lib/model-file/file.js";
import { runCli } from "../support/child-process.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const warnings: (Error & { code?: string })[] = [];
process.removeAllListeners("warning");
process.on("warning", (warning) => warnings.push(warning));
const said = () => warnings.filter(({ code }) => code === "CALIBRATION_PRECISION");

const options = {
  imageSize: 64,
  epochs: 1,
  batchSize: 8,
  threads: 1,
  calibrate: false,
  precision: "float32",
} as const;
const images = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i): RawImage => noise(64, 64, 3, from + i + 1));
const probe = noise(64, 64, 3, 999);

/** Pearson's correlation. */
function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(a), mean(b)];
  let [xx, xy, yy] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    xx += (value - x) ** 2;
    xy += (value - x) * (b[i]! - y);
    yy += (b[i]! - y) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}

test.serial("a quantised detector is saved, and scores in 8 bits nearly as in float32", async (t) => {
  const path = join(await temporaryFolder(t), "model.safetensors");
  await using detector = await train(images(24), options);
  const before = await detector.score(probe);
  t.deepEqual(await detector.quantise(images(24)), { images: 24 });
  t.is((await detector.score(probe)).score, before.score);
  await detector.save(path);

  await using quantised = await Detector.load(path, { precision: "int8", threads: 1 });
  t.is(quantised.config.precision, "int8");
  const { score, map } = await quantised.score(probe);
  t.not(score, before.score);
  t.true(Math.abs(score / before.score - 1) < 0.02, `${score} and ${before.score}`);
  t.true(correlation(map.data, before.map.data) > 0.99);
  // The batch is of another size, for which weights are packed anew.
  const [first] = await quantised.scoreBatch([probe, ...images(2)]);
  t.true(Math.abs(first!.score / score - 1) < 1e-3);

  await using exact = await Detector.load(path, { precision: "float32", threads: 1 });
  t.is((await exact.score(probe)).score, before.score);
});

test.serial("a model that was quantised again, or on no images, and one that never was", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "model.safetensors");
  await using detector = await train(images(8), options);
  await detector.save(path);
  await rejects(
    t,
    Detector.load(path, { precision: "int8" }),
    "INVALID_ARGUMENT",
    /^precision "int8" needs a model that was quantised, and .*model.safetensors was not\. Quantise it/,
  );
  await rejects(t, detector.quantise([]), "NO_IMAGES");

  // A quantisation that fails must not count for the next one.
  const bright = { ...probe, data: new Uint8Array(probe.data.length).fill(255) };
  const broken = [...images(8), ...Array.from({ length: 8 }, () => bright), Buffer.from("no image")];
  await rejects(t, detector.quantise(broken), "INVALID_IMAGE");
  const stop = new AbortController();
  await rejects(
    t,
    detector.quantise(images(16), { signal: stop.signal, onProgress: () => stop.abort() }),
    "ABORTED",
  );
  const ranges = async (work: Promise<unknown>[]) => {
    await Promise.all(work);
    await detector.save(path);
    const file = await ModelFile.open(path);
    await file.close();
    return file.metadata.quantisation!;
  };
  const alone = await ranges([detector.quantise(images(8))]);
  t.is(alone.images, 8);
  // Others that run meanwhile do not count either.
  const both = await ranges([
    detector.quantise(images(8, 500)),
    detector.quantise(images(8)),
    detector.score(bright),
  ]);
  t.deepEqual(both, alone);
});

test.serial("images are spread evenly, and their number is limited", async (t) => {
  await using detector = await train(images(8), options);
  const asked: number[] = [];
  const all = images(30).map((image, i) => ({
    ...image,
    get data() {
      asked.push(i);
      return image.data;
    },
  }));
  const totals: (number | undefined)[] = [];
  const used = await detector.quantise(all, {
    images: 10,
    onProgress: ({ total }) => void totals.push(total),
  });
  t.is(used.images, 10);
  t.deepEqual(
    [...new Set(asked)].filter((i) => i % 3 === 0),
    [0, 3, 6, 9, 12, 15, 18, 21, 24, 27],
  );
  t.deepEqual(totals, [10, 10]);
  for (const count of [0, 1.5, "8"])
    await rejects(
      t,
      detector.quantise(all, { images: count as number }),
      "INVALID_ARGUMENT",
      /^images must be/,
    );
});

test.serial("thresholds of the other arithmetic cause a warning, and those of the same do not", async (t) => {
  const path = join(await temporaryFolder(t), "model.safetensors");
  await using detector = await train(images(24), options);
  await detector.quantise(images(24));
  await detector.calibrate(images(24, 100));
  await detector.save(path);
  warnings.length = 0;
  await using quantised = await Detector.load(path, { precision: "int8" });
  await new Promise(setImmediate);
  t.regex(
    said()[0]?.message ?? "",
    /belong to scores in float32, and those in 8 bits are slightly different/,
  );
  await quantised.calibrate(images(24, 100));
  await quantised.save(path);
  warnings.length = 0;
  await (await Detector.load(path, { precision: "int8" })).dispose();
  await new Promise(setImmediate);
  t.is(said().length, 0);
  await (await Detector.load(path, { precision: "float32" })).dispose();
  await new Promise(setImmediate);
  t.regex(said()[0]?.message ?? "", /belong to scores in 8 bits, and those in float32/);
});

test.serial("the command quantise writes a model that score and calibrate take in 8 bits", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "model.safetensors");
  const good = join(folder, "good");
  await mkdir(good);
  for (let i = 0; i < 20; i++)
    await encoder(noise(64, 64, 3, i + 201))
      .png()
      .toFile(join(good, `${i}.png`));
  await using detector = await train(images(8), options);
  detector.setThresholds({ reject: 0.5 });
  await detector.save(path);
  const copy = join(folder, "copy.safetensors");
  await copyFile(path, copy);

  const run = await runCli(["quantise", path, good, "--images", "16"]);
  t.is(run.code, 0, run.stderr);
  t.regex(run.stdout, /Quantised with 16 good images; the model is in .*\nIts thresholds are for float32: /);
  const inspected = await runCli(["inspect", path]);
  t.regex(inspected.stdout, /8 bits +quantised with 16 images/);
  t.regex((await runCli(["inspect", copy])).stdout, /8 bits +not quantised/);
  const calibrated = await runCli(["calibrate", path, good, "--precision", "int8"]);
  t.is(calibrated.code, 0, calibrated.stderr);
  const scored = await runCli(["score", path, good, "--precision", "int8", "--json"]);
  t.is(scored.code, 0, scored.stderr);
  t.notRegex(scored.stderr, /CALIBRATION_PRECISION/);
  const refused = await runCli(["score", copy, good, "--precision", "int8"]);
  t.is(refused.code, 2);
  t.regex(refused.stderr, /needs a model that was quantised/);
});
