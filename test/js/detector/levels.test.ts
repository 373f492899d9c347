import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import { Detector, train, type TrainOptions } from "../../../lib/index.js";
import { readExportDescription } from "../../../lib/onnx/read-metadata.js";
import { generateSample } from "../../../lib/sample/generate.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { runCli } from "../support/child-process.js";
import { rejects } from "../support/rejection.js";

process.removeAllListeners("warning");

const folder = mkdtempSync(join(tmpdir(), "levels-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

// Files of trainings whose learning rate falls have a newer version.
const options = { imageSize: 64, epochs: 3, batchSize: 4, recipe: "paper" } satisfies TrainOptions;
const trained = ["train/good/000.png", "train/good/001.png", "train/good/002.png", "train/good/003.png"];
const scored = ["test/good/000.png", "test/scratch/000.png"];
const sample = join(folder, "sample");

test.before(async () => {
  const counts = { train: 4, testGood: 1, testPerDefect: 1 };
  await generateSample(sample, { size: 64, ...counts, textures: ["granite"], defects: ["scratch"] });
});

/** The sample's images in grey: as PNGs of 8 bits, or with so many bits in PNGs of 16. */
async function inGrey(bits: number): Promise<{ train: string[]; test: string[] }> {
  const write = async (path: string) => {
    const grey = await sharp(join(sample, path)).greyscale().raw().toBuffer();
    const size = { width: 64, height: 64, channels: 1 } as const;
    const to = join(folder, String(bits), path.replaceAll("/", "-"));
    mkdirSync(join(folder, String(bits)), { recursive: true });
    const deep = Uint16Array.from(grey, (value) => Math.round((value * (2 ** bits - 1)) / 255));
    await (bits === 8
      ? sharp(grey, { raw: size }).png().toFile(to)
      : sharp(deep, { raw: size }).toColourspace("grey16").png().toFile(to));
    return to;
  };
  return { train: await Promise.all(trained.map(write)), test: await Promise.all(scored.map(write)) };
}

async function scoresOf(detector: Detector, images: string[]): Promise<number[]> {
  return (await detector.scoreBatch(images)).map(({ score }) => score);
}

const difference = (a: number[], b: number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!) / b[i]!));

test.serial(
  "10 and 12 bits in 16-bit files score as 8 bits do, by levels that training derives",
  async (t) => {
    const eight = await inGrey(8);
    await using reference = await train(eight.train, options);
    t.false("levels" in reference.config);
    const expected = await scoresOf(reference, eight.test);
    for (const bits of [10, 12]) {
      const deep = await inGrey(bits);
      await using detector = await train(deep.train, options);
      t.deepEqual(detector.config.levels, { black: 0, white: 2 ** bits - 1 });
      const found = difference(await scoresOf(detector, deep.test), expected);
      t.log(`${bits} bits: ${found.toExponential(1)}`);
      t.true(found < 0.02, `${bits} bits: ${found}`);
      // 8-bit images have no levels, so that a model of either kind scores them.
      t.true(difference(await scoresOf(detector, eight.test), expected) < 0.02);

      await using given = await train(deep.train, { ...options, levels: { depth: bits } });
      t.deepEqual(await scoresOf(given, deep.test), await scoresOf(detector, deep.test));
      // The model of 8 bits has no levels: to it, these images are dark.
      t.true(difference(await scoresOf(reference, deep.test), expected) > 0.1);
    }
  },
);

test.serial("levels are part of the model, of its file and of its export", async (t) => {
  const { train: images, test: others } = await inGrey(12);
  const [saved, exported] = [join(folder, "model.safetensors"), join(folder, "model.onnx")];
  await using detector = await train(images, { ...options, levels: { black: 100, white: 4000 } });
  await detector.save(saved);
  await detector.export(exported, { format: "onnx" });
  const file = await SafetensorsFile.open(saved);
  await file.close();
  t.is(file.metadata.format_version, "3");
  t.deepEqual((JSON.parse(file.metadata.model!) as { levels: unknown }).levels, { black: 100, white: 4000 });
  await using loaded = await Detector.load(saved);
  t.deepEqual(loaded.config, detector.config);
  t.deepEqual(await scoresOf(loaded, others), await scoresOf(detector, others));
  t.deepEqual((await readExportDescription(exported)).levels, { black: 100, white: 4000 });
  const { stdout } = await runCli(["inspect", saved]);
  t.regex(stdout, /^format {10}version 3,/m);
  t.regex(stdout, /^levels {10}black 100, white 4000$/m);
});

test.serial(
  "a model of 8-bit images has no levels, and its file is as older versions write it",
  async (t) => {
    const { train: images } = await inGrey(8);
    const [saved, exported] = [join(folder, "model8.safetensors"), join(folder, "model8.onnx")];
    await using detector = await train(images, { ...options, epochs: 1 });
    await detector.save(saved);
    await detector.export(exported, { format: "onnx" });
    const file = await SafetensorsFile.open(saved);
    await file.close();
    t.is(file.metadata.format_version, "2");
    t.false(file.metadata.model!.includes("levels"));
    t.false("levels" in (await readExportDescription(exported)));
  },
);

test("levels that are not allowed are named", async (t) => {
  const refused: [levels: unknown, message: RegExp][] = [
    ["automatic", /^levels must be "auto", "full", \{ depth \} or \{ black, white \}; got 'automatic'/],
    [12, /^levels must be "auto", "full", \{ depth \}/],
    [{ depth: 7 }, /^levels\.depth must be a whole number from 8 to 16; got 7/],
    [{ depth: 12, black: 0 }, /^levels has an unknown key "black"/],
    [{ black: 10 }, /^levels\.white must be a whole number from 11 to 65535; got undefined/],
    [{ black: 10, white: 10 }, /^levels\.white must be a whole number from 11 to 65535; got 10/],
    [{ black: -1, white: 10 }, /^levels\.black must be a whole number from 0 to 65534; got -1/],
  ];
  for (const [levels, message] of refused) {
    await rejects(t, train([], { levels } as TrainOptions), "INVALID_ARGUMENT", message);
  }
});
