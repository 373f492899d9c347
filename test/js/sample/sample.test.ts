import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import { openDataset } from "../../../lib/evaluation/dataset.js";
import { readMask } from "../../../lib/evaluation/mask.js";
import { Random } from "../../../lib/random.js";
import { defectNames, generateSample, textureNames } from "../../../lib/sample/index.js";
import { drawPart } from "../../../lib/sample/part.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const small = { size: 48, train: 5, testGood: 2, testPerDefect: 1 } as const;

test("a sample is a data set with a mask for every defective part", async (t) => {
  const folder = join(await temporaryFolder(t), "deep", "sample");
  const progress: number[] = [];
  const sample = await generateSample(folder, { ...small, onProgress: ({ done }) => progress.push(done) });
  t.deepEqual(sample, { folder, train: 5, test: 2 + defectNames.length, reused: false });
  t.deepEqual(
    progress,
    Array.from({ length: 7 + defectNames.length }, (_, i) => i + 1),
  );
  const dataset = await openDataset(folder);
  t.is(dataset.train.length, 5);
  t.deepEqual([...new Set(dataset.test.map(({ label }) => label))].sort(), [...defectNames, "good"].sort());
  t.deepEqual(dataset.unusedMasks, []);
  for (const { image, label, mask } of dataset.test) {
    const { width, height, channels } = await sharp(image).metadata();
    t.deepEqual({ width, height, channels }, { width: 48, height: 48, channels: 3 });
    t.is(mask === undefined, label === "good");
    if (mask !== undefined) t.true((await readMask(mask, 48, 48)).includes(1));
  }
  t.is((await stat(folder)).mode & 0o500, 0o500);
});

test("the same seed gives the same pixels, and another seed gives others", async (t) => {
  const root = await temporaryFolder(t);
  const pixels = async (name: string, options: object): Promise<Buffer[]> => {
    const { train, test: images } = await generateSample(join(root, name), { ...small, ...options }).then(
      () => openDataset(join(root, name)),
    );
    const paths = [
      ...train,
      ...images.map(({ image }) => image),
      ...images.flatMap(({ mask }) => mask ?? []),
    ];
    return Promise.all(paths.map((path) => sharp(path).raw().toBuffer()));
  };
  const first = await pixels("first", { seed: 7 });
  t.deepEqual(await pixels("again", { seed: 7 }), first);
  const other = await pixels("other", { seed: 8 });
  first.forEach((image, i) => t.notDeepEqual(other[i], image));
  // More images of one kind do not change the others.
  const more = await pixels("more", { seed: 7, train: 6 });
  t.deepEqual(more.slice(0, 5), first.slice(0, 5));
  t.deepEqual(more.slice(6), first.slice(5));
});

test("every kind of defect is marked in its mask on every texture, and its size varies with the seed", (t) => {
  for (const texture of textureNames) {
    const good = drawPart(96, texture, undefined, new Random("same"));
    t.false(good.mask.includes(255));
    for (const defect of defectNames) {
      const areas = new Set<number>();
      for (let seed = 0; seed < 6; seed++) {
        const { pixels, mask } = drawPart(96, texture, defect, new Random(seed));
        const marked = mask.filter((value) => value === 255).length;
        areas.add(marked);
        t.true(marked >= 8 && marked < (96 * 96) / 8, `${texture}, ${defect}: ${marked} pixels`);
        t.is(pixels.length, 96 * 96 * 3);
      }
      t.true(areas.size > 3, `${texture}, ${defect}: always the same size`);
    }
  }
});

test("defects are clearly visible: inside the mask, the colour is far from that around it", (t) => {
  for (const texture of textureNames) {
    for (const defect of defectNames) {
      let contrast = 0;
      for (let seed = 0; seed < 4; seed++) {
        const { pixels, mask } = drawPart(96, texture, defect, new Random(seed));
        const within = [0, 0, 0];
        const around = [0, 0, 0];
        let [inside, outside] = [0, 0];
        for (let at = 0; at < mask.length; at++) {
          const near = [at - 6, at + 6, at - 6 * 96, at + 6 * 96].some((other) => mask[other] === 255);
          if (mask[at] === 0 && !near) continue;
          const sum = mask[at] === 255 ? within : around;
          if (mask[at] === 255) inside++;
          else outside++;
          for (let channel = 0; channel < 3; channel++) sum[channel]! += pixels[at * 3 + channel]!;
        }
        contrast += Math.hypot(...within.map((value, i) => value / inside - around[i]! / outside)) / 4;
      }
      t.true(contrast > 40, `${texture}, ${defect}: ${contrast.toFixed(0)} grey levels`);
    }
  }
});

test("a contrast below 1 lets the surface show through, in the same places", (t) => {
  const draw = (contrast: number) => drawPart(64, "granite", "stain", new Random("stain"), contrast);
  const full = draw(1);
  const half = draw(0.5);
  const surface = draw(Number.MIN_VALUE);
  t.deepEqual(half.mask, full.mask);
  let differs = 0;
  for (const [at, value] of half.pixels.entries()) {
    const between = (full.pixels[at]! + surface.pixels[at]!) / 2;
    t.true(
      Math.abs(value - between) <= 1,
      `${value} at ${at}, and ${between} between the surface and the defect`,
    );
    if (value !== surface.pixels[at]) differs++;
  }
  t.true(differs > 100);
});

test("good parts stay away from ImageNet's mean colour, where features of an untrained teacher have no direction", (t) => {
  const mean = [0.485, 0.456, 0.406];
  const deviation = [0.229, 0.224, 0.225];
  const [size, window] = [96, 4];
  for (const texture of textureNames) {
    const { pixels } = drawPart(size, texture, undefined, new Random("clear"));
    let smallest = Infinity;
    for (let y = 0; y + window <= size; y++) {
      for (let x = 0; x + window <= size; x++) {
        const sums = [0, 0, 0];
        for (let at = 0; at < window * window; at++) {
          const pixel = (y + Math.floor(at / window)) * size + x + (at % window);
          for (let channel = 0; channel < 3; channel++) sums[channel]! += pixels[pixel * 3 + channel]!;
        }
        const normalised = sums.map((sum, i) => (sum / window ** 2 / 255 - mean[i]!) / deviation[i]!);
        smallest = Math.min(smallest, Math.hypot(...normalised));
      }
    }
    t.true(smallest > 0.9, `${texture}: ${smallest.toFixed(2)} standard deviations`);
  }
});

test("a finished sample is left unchanged, and is replaced only on request", async (t) => {
  const folder = join(await temporaryFolder(t), "sample");
  await generateSample(folder, small);
  const image = join(folder, "train/good/000.png");
  const drawn = (await stat(image)).mtimeMs;
  t.true((await generateSample(folder, small)).reused);
  t.is((await stat(image)).mtimeMs, drawn);
  await rejects(
    t,
    generateSample(folder, { ...small, seed: 1 }),
    "INVALID_ARGUMENT",
    /other options.*overwrite/,
  );
  t.false((await generateSample(folder, { ...small, seed: 1, train: 2, overwrite: true })).reused);
  t.deepEqual(await readdir(join(folder, "train/good")), ["000.png", "001.png"]);
});

test("files that are not a sample are never overwritten", async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "thesis.txt"), "the only copy");
  const drawing = generateSample(folder, { ...small, overwrite: true });
  await rejects(t, drawing, "INVALID_ARGUMENT", /contains other files/);
  t.is(await readFile(join(folder, "thesis.txt"), "utf8"), "the only copy");
  await rejects(t, generateSample(join(folder, "thesis.txt"), small), "INVALID_ARGUMENT", /thesis\.txt/);
  await mkdir(join(folder, "empty"));
  t.false((await generateSample(join(folder, "empty"), small)).reused);
});

test("a sample with files of the user, or a folder that only looks like a sample, is not overwritten", async (t) => {
  const folder = join(await temporaryFolder(t), "sample");
  await generateSample(folder, small);
  const model = join(folder, "train", "model.safetensors");
  await writeFile(model, "the only copy");
  const redraw = (): Promise<unknown> => generateSample(folder, { ...small, seed: 1, overwrite: true });
  await rejects(t, redraw(), "INVALID_ARGUMENT", /also contains 1 other file, such as train\/model\.safe/);
  t.is(await readFile(model, "utf8"), "the only copy");
  const description = join(folder, "sample.json");
  for (const other of [
    "{}",
    "no JSON",
    '{"generator":"reverse-distillation sample","version":1,"train":-1}',
  ]) {
    await writeFile(description, other);
    await rejects(t, redraw(), "INVALID_ARGUMENT", /contains other files/);
    t.is(await readFile(description, "utf8"), other);
  }
});

test("an interrupted run leaves nothing behind", async (t) => {
  const root = await temporaryFolder(t);
  const abort = new AbortController();
  const drawing = generateSample(join(root, "sample"), {
    ...small,
    signal: abort.signal,
    onProgress: ({ done }) => {
      if (done === 3) abort.abort(new Error("enough"));
    },
  });
  const error = await rejects(t, drawing, "ABORTED");
  t.is((error?.cause as Error).message, "enough");
  t.deepEqual(await readdir(root), []);
  const failing = generateSample(join(root, "sample"), {
    ...small,
    onProgress: () => {
      throw new TypeError("the caller's own");
    },
  });
  const stopped = await t.throwsAsync(failing, {
    code: "ABORTED",
    message: /onProgress threw: the caller's own/,
  });
  t.true(stopped?.cause instanceof TypeError);
  t.deepEqual(await readdir(root), []);
});

test("options are validated, and the errors say what is allowed", async (t) => {
  const folder = join(await temporaryFolder(t), "sample");
  const refused = (options: object, message: RegExp): Promise<unknown> =>
    rejects(t, generateSample(folder, options), "INVALID_ARGUMENT", message);
  await refused({ size: 31 }, /size must be a whole number from 32 to 4096; got 31/);
  await refused({ train: 0 }, /train must be/);
  await refused({ seed: 0.5 }, /seed must be/);
  await refused({ testGood: -1 }, /testGood must be/);
  await refused({ textures: [] }, /textures must be a list of brushed_steel/);
  await refused({ textures: ["velvet"] }, /textures\[0\] must be .*"granite".*velvet/);
  await refused({ defects: "hole" }, /defects must be a list/);
  await refused({ colour: 1 }, /unknown key "colour"/);
  await refused({ overwrite: 1 }, /overwrite must be true or false/);
});

test("textures and kinds of defects can be chosen", async (t) => {
  const folder = join(await temporaryFolder(t), "sample");
  await generateSample(folder, { ...small, textures: ["granite"], defects: ["hole", "crack"], testGood: 0 });
  t.deepEqual(await readdir(join(folder, "test")), ["crack", "hole"]);
  const described = JSON.parse(await readFile(join(folder, "sample.json"), "utf8")) as Record<
    string,
    unknown
  >;
  t.deepEqual(described.textures, ["granite"]);
  const { data } = await sharp(join(folder, "train/good/000.png"))
    .extract({ left: 20, top: 20, width: 8, height: 8 })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const mean = (channel: number): number =>
    data.filter((_, i) => i % 3 === channel).reduce((a, b) => a + b) / 64;
  // Granite is reddish and paler than brass, while steel and fabric are bluish.
  t.true(mean(0) > mean(2) && mean(2) > 130);
});
