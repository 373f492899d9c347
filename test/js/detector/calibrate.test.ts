import { mkdtempSync, rmSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Detector, train, type RawImage, type TrainOptions, type TrainProgress } from "../../../lib/index.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { runCli } from "../support/child-process.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

const warnings: (Error & { code?: string })[] = [];
process.removeAllListeners("warning");
process.on("warning", (warning) => warnings.push(warning));

const folder = mkdtempSync(join(tmpdir(), "calibrate-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

// Files of trainings whose learning rate falls have a newer version.
const options: TrainOptions = {
  ...{ imageSize: 32, epochs: 1, batchSize: 8, layers: [1], threads: 1, recipe: "paper" },
};
const images = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => noise(40, 36, 3, from + i + 1));

/** A good image with a bright square. */
function defective(seed: number): RawImage {
  const image = noise(40, 36, 3, seed);
  const data = Uint8Array.from(image.data);
  for (let y = 10; y < 26; y++) data.fill(255, (y * 40 + 10) * 3, (y * 40 + 26) * 3);
  return { ...image, data };
}

test.serial("a training of 100 images holds a fifth out and ends with thresholds", async (t) => {
  const phases: TrainProgress[] = [];
  const onProgress = (progress: TrainProgress) => void phases.push(progress);
  await using detector = await train(images(100), { ...options, onProgress });
  t.is(detector.training!.images, 80);
  const { calibration, thresholds } = detector;
  t.is(calibration!.scores.length, 20);
  t.is(calibration!.reject.value, calibration!.scores[19]!);
  t.like(calibration!.reject, { rate: 1 / 21, images: 20, estimate: false });
  t.deepEqual(thresholds, {
    reject: calibration!.scores[19]!,
    review: calibration!.review.value,
    outline: calibration!.outline,
  });
  t.true(thresholds!.outline <= thresholds!.review);
  t.deepEqual(phases.filter(({ phase }) => phase === "calibrating").at(-1), {
    phase: "calibrating",
    images: 20,
    total: 20,
  });
});

test.serial("a detector that held images out has the weights of a training on the others", async (t) => {
  const all = images(100);
  await using held = await train(all, options);
  const scores = new Set(held.calibration!.scores);
  const kept: RawImage[] = [];
  for (const image of all) if (!scores.has((await held.score(image)).score)) kept.push(image);
  t.is(kept.length, 80);
  await using plain = await train(kept, { ...options, calibrate: false });
  t.is(plain.calibration, null);
  t.is(plain.training!.run!.imagesSha256, held.training!.run!.imagesSha256);
  const probe = noise(64, 64, 3, 999);
  t.is((await plain.score(probe)).score, (await held.score(probe)).score);
});

test.serial("images of more than 8 bits that were held out score as they do later", async (t) => {
  const deep = images(100).map((image) => ({
    ...image,
    data: Uint16Array.from(image.data, (value) => value * 16),
  }));
  await using detector = await train(deep, options);
  const { scores } = detector.calibration!;
  const found = await detector.scoreBatch(deep);
  const again = found.map(({ score }) => score);
  for (const score of scores) {
    const nearest = again.reduce((a, b) => (Math.abs(b - score) < Math.abs(a - score) ? b : a));
    t.true(Math.abs(nearest - score) <= 1e-5 * score);
  }
});

test.serial("verdicts follow the thresholds, and reject means that a pixel is at or above one", async (t) => {
  await using detector = await train(images(100), options);
  const { reject, review } = detector.thresholds!;
  const watch = detector.watch();
  const verdicts = new Set<string>();
  const scored = [...images(60, 500), ...images(40, 700).map((_, i) => defective(i + 1))];
  for (const image of scored) {
    const result = await detector.score(image);
    const { score, map, verdict, pValue } = result;
    const above = (threshold: number) => map.data.some((value) => value >= threshold);
    watch.add(result);
    t.is(verdict, above(reject) ? "reject" : above(review) ? "review" : "accept");
    const larger = detector.calibration!.scores.filter((each) => each >= score).length;
    t.is(pValue, (1 + larger) / 21);
    verdicts.add(verdict!);
  }
  t.true(verdicts.has("accept") && verdicts.has("reject"));
  t.is(watch.state.parts, 100);
  t.deepEqual(watch.state.drift, { of: "rejects", direction: "higher" });
  const [batched] = await detector.scoreBatch([defective(3)]);
  t.is(batched!.verdict, "reject");
});

test.serial(
  "without a calibration there is no verdict; calibrate brings one, on images that are new",
  async (t) => {
    const trained = images(30);
    await using detector = await train(trained, options);
    t.is(detector.thresholds, null);
    t.throws(() => detector.watch(), { code: "NOT_CALIBRATED", message: /is not calibrated/ });
    t.like(await detector.score(trained[0]!), { verdict: null, pValue: null });
    await rejects(
      t,
      detector.calibrate([images(1, 50)[0]!, trained[4]!]),
      "INVALID_ARGUMENT",
      /image 2 is an image that .* trained on/,
    );
    await rejects(
      t,
      detector.calibrate(images(50, 100), { falseAlarms: 0.01 }),
      "INVALID_ARGUMENT",
      /needs at least 99 .* got 50/,
    );
    t.is(detector.calibration, null);
    const calibration = await detector.calibrate(images(50, 100), { falseAlarms: 0.02 });
    t.deepEqual(calibration.outliers, []);
    t.is(calibration.reject.value, calibration.scores[49]!);
    t.deepEqual(detector.calibration!.reject, calibration.reject);
    const allowed = await detector.calibrate(trained, { allowTrained: true });
    t.is(allowed.scores.length, 30);
  },
);

test.serial("a rate that the held-out images do not allow is refused before the training", async (t) => {
  const phases = new Set<string>();
  const onProgress = ({ phase }: TrainProgress) => void phases.add(phase);
  const training = train(images(100), { ...options, calibrate: { falseAlarms: 0.01 }, onProgress });
  await rejects(t, training, "INVALID_ARGUMENT", /needs at least 99 good images .* got 20/);
  t.deepEqual([...phases], ["reading"]);
});

test.serial("an image that was trained on is known by its pixels, in whatever file it is", async (t) => {
  const [first, ...rest] = images(10, 900);
  const png = join(folder, "first.png");
  await encoder(first!).png().toFile(png);
  await using detector = await train([png, ...rest], options);
  const tiff = await encoder(first!).tiff({ compression: "lzw" }).toBuffer();
  await rejects(t, detector.calibrate([tiff]), "INVALID_ARGUMENT", /image 1 .* trained on/);
});

test.serial("defects among the images are named, with the advice to remove them", async (t) => {
  await using detector = await train(images(30), { ...options, epochs: 10 });
  const path = join(folder, "scratched.png");
  await encoder(defective(7)).png().toFile(path);
  warnings.length = 0;
  const { outliers } = await detector.calibrate([...images(40, 100), path]);
  await new Promise(setImmediate);
  t.deepEqual(
    outliers.map(({ image }) => image),
    [path],
  );
  t.is(warnings.length, 1);
  t.is(warnings[0]!.code, "CALIBRATION_OUTLIERS");
  t.true(warnings[0]!.message.includes(path));
});

test.serial("thresholds can be set by hand and taken back", async (t) => {
  await using detector = await train(images(30), options);
  detector.setThresholds({ reject: 0.5 });
  t.deepEqual(detector.thresholds, { reject: 0.5, review: 0.5, outline: 0.5 });
  detector.setThresholds({ reject: 0.4, review: 0.3 });
  t.deepEqual(detector.thresholds, { reject: 0.4, review: 0.3, outline: 0.4 });
  detector.setThresholds({ reject: 0 });
  const { score, verdict, pValue } = await detector.score(noise(8, 8, 3));
  t.true(score > 0);
  t.is(verdict, "reject");
  t.is(pValue, null);
  detector.setThresholds(null);
  t.is(detector.thresholds, null);
  const cases: [unknown, RegExp][] = [
    [{ reject: Number.NaN }, /thresholds\.reject must be a finite number; got NaN/],
    [{ review: 1 }, /thresholds\.reject must be a finite number; got undefined/],
    [{ reject: 1, review: 2 }, /thresholds\.review must be at most thresholds\.reject \(1\); got 2/],
    [{ reject: 1, outline: Infinity }, /thresholds\.outline must be a finite number/],
    [0.5, /thresholds must be an object/],
    [{ reject: 1, rejected: 2 }, /unknown key "rejected"/],
  ];
  for (const [value, message] of cases) {
    t.throws(() => detector.setThresholds(value as { reject: number }), {
      code: "INVALID_ARGUMENT",
      message,
    });
  }
});

test.serial("a file keeps the calibration, thresholds set by hand and what was trained on", async (t) => {
  const all = images(100);
  await using detector = await train(all, options);
  detector.setThresholds({ reject: 2, review: 1 });
  for (const precision of ["float32", "float16"] as const) {
    const path = join(folder, `${precision}.safetensors`);
    await detector.save(path, { precision });
    const file = await SafetensorsFile.open(path);
    t.is(file.metadata.format_version, "4");
    await file.close();
    await using loaded = await Detector.load(path);
    t.deepEqual(loaded.calibration, detector.calibration);
    t.deepEqual(loaded.thresholds, detector.thresholds);
    loaded.setThresholds(null);
    t.is(loaded.thresholds!.reject, detector.calibration!.reject.value);
    await rejects(t, loaded.calibrate(all), "INVALID_ARGUMENT", /trained on/);
  }
});

test.serial("a file without a calibration stays readable by older versions", async (t) => {
  await using detector = await train(images(4), options);
  const path = join(folder, "plain.safetensors");
  await detector.save(path);
  const file = await SafetensorsFile.open(path);
  t.is(file.metadata.format_version, "2");
  t.is(file.metadata.image_digests!.length, 4 * 16);
  await file.close();
});

test.serial("the command line calibrates, inspects, and judges parts", async (t) => {
  const write = async (name: string, list: RawImage[]) => {
    const into = join(folder, name);
    await mkdir(into);
    for (const [i, image] of list.entries())
      await encoder(image)
        .png()
        .toFile(join(into, `${i}.png`));
    return into;
  };
  const good = await write("parts", images(6));
  const fresh = await write("fresh", images(25, 300));
  const mixed = await write("mixed", [defective(1), ...images(2, 400)]);
  const model = join(folder, "cli.safetensors");
  const small = ["--image-size", "32", "--layers", "1", "--epochs", "1"];
  t.is((await runCli(["train", good, "-o", model, ...small])).code, 0);
  const none = await runCli(["score", model, mixed, "--verdict"]);
  t.is(none.code, 1);
  t.regex(none.stderr, /is not calibrated\. Calibrate it/);
  const before = await readFile(model);
  const trained = await runCli(["calibrate", model, good]);
  t.is(trained.code, 2);
  t.regex(trained.stderr, /trained on/);
  t.true(before.equals(await readFile(model)));

  const calibrated = await runCli(["calibrate", model, fresh, "--false-alarms", "0.04"]);
  t.is(calibrated.code, 0, calibrated.stderr);
  t.regex(
    calibrated.stdout,
    /^Calibrated on 25 good images; .*\nreject {2}from [\d.]+: at most 4 % of good parts/,
  );
  const inspected = await runCli(["inspect", model]);
  t.regex(inspected.stdout, /\nreject {10}from [\d.]+: at most 4 % .*from 25 images\n/);
  const scored = await runCli(["score", model, mixed, "--fail-on-reject"]);
  t.is(scored.code, 3);
  const [worst, ...others] = scored.stdout.trim().split("\n");
  t.regex(worst!, /^[\d.]+\treject\t.*0\.png$/);
  t.is(others.length, 2);
  const json = await runCli(["score", model, join(mixed, "0.png"), "--json"]);
  t.is(json.code, 0);
  t.like(JSON.parse(json.stdout), { verdict: "reject", pValue: 1 / 26 });

  const overwriting = await runCli(["calibrate", model, fresh, "-o", join(fresh, "0.png")]);
  t.is(overwriting.code, 2);
  const copy = join(folder, "copy.safetensors");
  await copyFile(model, copy);
  await writeFile(join(folder, "empty.txt"), "");
  t.is((await runCli(["calibrate", copy, join(folder, "empty.txt")])).code, 2);
});

test.serial("on the command line, holding out is off or chosen by flags", async (t) => {
  const into = join(folder, "forty");
  await mkdir(into);
  for (const [i, image] of images(40).entries())
    await encoder(image)
      .png()
      .toFile(join(into, `${i}.png`));
  const model = join(folder, "held.safetensors");
  const small = ["--image-size", "32", "--layers", "1", "--epochs", "1"];
  const held = await runCli(["train", into, "-o", model, ...small, "--hold-out", "20"]);
  t.is(held.code, 0, held.stderr);
  t.regex(held.stdout, /^Trained on 20 images; .*\nreject {2}from .* 4\.8 % of good parts/);
  const refused = await runCli(["train", into, "-o", model, ...small, "--no-calibrate", "--hold-out", "20"]);
  t.is(refused.code, 2);
  t.regex(refused.stderr, /not valid with --no-calibrate/);
});
