import { link, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import sharp from "sharp";
import { HeatmapFolder } from "../../../lib/cli/heatmap-folder.js";
import { findScoreInputs } from "../../../lib/cli/score-inputs.js";
import { decodeImage } from "../../../lib/image/decode.js";
import { folderOfImages, noise, encoder } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const map = { data: Float32Array.of(0, 1, 2, 3), height: 2, width: 2 };

/** What the command does: finds the images, checks the heatmaps' places, and writes them. */
async function score(paths: string[], heatmaps: string, others: string[] = []): Promise<string[]> {
  const inputs = await findScoreInputs(paths, heatmaps);
  const folder = new HeatmapFolder(heatmaps, 1);
  await folder.requireOwnPlace(
    inputs,
    others.map((path) => ({ name: "the model", path })),
  );
  for (const input of inputs) await folder.add(input, await decodeImage(input.path), map);
  return inputs.map(({ path }) => path);
}

async function refused(t: ExecutionContext, work: Promise<unknown>, message: RegExp): Promise<void> {
  await rejects(t, work, "INVALID_ARGUMENT", message);
}

test("heatmaps written to their images are refused, and so are those written beside them", async (t) => {
  const folder = await folderOfImages(join(await temporaryFolder(t), "images"), 2);
  const [first] = await readdir(folder);
  const before = await readFile(join(folder, first!));
  const message = /Cannot write a heatmap to .*000\.png: it would overwrite the image .*000\.png/;
  await refused(t, score([folder], folder), message);
  await refused(t, score([join(folder, first!)], folder), message);
  await refused(t, score([folder, join(folder, "..")], join(folder, "..")), message);
  const jpegs = join(folder, "..", "jpegs");
  await mkdir(jpegs);
  await encoder(noise(8, 8, 3))
    .jpeg()
    .toFile(join(jpegs, "a.jpg"));
  await symlink("jpegs", join(folder, "..", "alias"));
  const among = /would lie among the images in .*jpegs.*such as .*heatmaps/;
  await refused(t, score([jpegs], jpegs), among);
  await refused(t, score([jpegs], join(folder, "..", "alias")), among);
  t.deepEqual(await readFile(join(folder, first!)), before);
  t.deepEqual(await readdir(jpegs), ["a.jpg"]);
});

test("heatmaps may replace heatmaps, and nothing else", async (t) => {
  const root = await temporaryFolder(t);
  const images = await folderOfImages(join(root, "images"), 2);
  const heatmaps = join(root, "heatmaps");
  t.is((await score([images], heatmaps)).length, 2);
  t.is((await score([images], heatmaps)).length, 2);
  t.is((await sharp(join(heatmaps, "000.png")).metadata()).width, 64);
  const own = join(heatmaps, "001.png");
  await encoder(noise(8, 8, 3))
    .png()
    .toFile(own);
  await refused(
    t,
    score([images], heatmaps),
    /001\.png would be overwritten: it exists and is not a heatmap/,
  );
  await writeFile(own, "");
  await refused(
    t,
    score([images], heatmaps),
    /001\.png would be overwritten: it exists and is not a heatmap/,
  );
});

test("a heatmap's place that is the model is refused, by a hard link too", async (t) => {
  const root = await temporaryFolder(t);
  const images = await folderOfImages(join(root, "images"), 1);
  const model = join(root, "model.safetensors");
  await writeFile(model, "the model");
  await mkdir(join(root, "heatmaps"));
  await link(model, join(root, "heatmaps", "000.png"));
  const message = /Cannot write a heatmap to .*000\.png: it would overwrite the model .*model\.safetensors/;
  await refused(t, score([images], join(root, "heatmaps"), [model]), message);
  t.is(await readFile(model, "utf8"), "the model");
});

test("a folder of heatmaps within the images is not scored", async (t) => {
  const folder = await folderOfImages(join(await temporaryFolder(t), "images"), 2);
  const heatmaps = join(folder, "results", "heatmaps");
  for (let run = 0; run < 2; run++) {
    const scored = await score([folder], heatmaps);
    t.deepEqual(
      scored.map((path) => basename(path)),
      ["000.png", "001.png"],
    );
  }
  t.deepEqual((await readdir(heatmaps)).sort(), ["000.png", "001.png"]);
});

test("heatmaps of this package are not taken for images, and a file is no folder for heatmaps", async (t) => {
  const folder = await folderOfImages(join(await temporaryFolder(t), "images"), 2);
  await score([folder], join(folder, "heatmaps"));
  t.is((await findScoreInputs([folder])).length, 2);
  await refused(t, score([folder], join(folder, "000.png")), /000\.png is a file; give a folder/);
});

test("names that differ in case, composition or extension alone, and the longest ones, get heatmaps of their own", async (t) => {
  const root = await temporaryFolder(t);
  const names = [
    "a.jpg",
    "A.png",
    "a.png",
    "\u00e4.png",
    "a\u0308.jpg",
    `${"x".repeat(250)}.jpg`,
    `${"x".repeat(250)}.png`,
  ];
  for (const name of names)
    await encoder(noise(8, 8, 3))
      .toFormat(name.endsWith("jpg") ? "jpeg" : "png")
      .toFile(join(root, name));
  const inputs = await findScoreInputs([root], join(root, "heatmaps"));
  t.is(inputs.length, names.length);
  const folded = inputs.map(({ heatmap }) => heatmap.normalize("NFC").toLowerCase());
  t.is(new Set(folded).size, names.length);
  await score([root], join(root, "heatmaps"));
  t.is((await readdir(join(root, "heatmaps"))).length, names.length);
});

test("a path that stands for no image does not keep the others from being scored", async (t) => {
  const root = await temporaryFolder(t);
  const images = await folderOfImages(join(root, "images"), 2);
  await mkdir(join(root, "empty"));
  const [a, b] = [join(images, "000.png"), join(images, "001.png")];
  const inputs = await findScoreInputs([a, join(root, "missing.png"), join(root, "empty"), b]);
  t.deepEqual(
    inputs.map(({ path, failure }) => [path, failure?.code]),
    [
      [a, undefined],
      [join(root, "missing.png"), "NOT_FOUND"],
      [join(root, "empty"), "NO_IMAGES"],
      [b, undefined],
    ],
  );
  await rejects(t, findScoreInputs([join(root, "missing.png"), join(root, "empty")]), "NOT_FOUND", /missing/);
});

test("images whose names are not UTF-8 or hold control characters are scored, and get heatmaps", async (t) => {
  const root = await temporaryFolder(t);
  const images = Buffer.concat([Buffer.from(`${root}/`), Buffer.from("gr\xfcn", "latin1")]);
  await mkdir(images);
  const names = ["\xe9.png", "a\tb\nc.png", '"q\\u[x]*?#%20.png', "-rf.png", "e\u0301.png"];
  const png = await encoder(noise(8, 8, 3))
    .png()
    .toBuffer();
  for (const name of names) {
    const encoding = name.startsWith("e") ? "utf8" : "latin1";
    await writeFile(Buffer.concat([images, Buffer.from("/"), Buffer.from(name, encoding)]), png);
  }
  const other = Buffer.concat([Buffer.from(`${root}/`), Buffer.from("gr\xfbn", "latin1")]);
  await mkdir(other);
  await writeFile(Buffer.concat([other, Buffer.from("/0.png")]), png);
  for (let run = 0; run < 2; run++) {
    const scored = await score([root], join(root, "heatmaps"));
    t.is(scored.length, names.length + 1);
  }
  const written = Buffer.concat([Buffer.from(`${root}/heatmaps/`), Buffer.from("gr\xfcn", "latin1")]);
  t.is((await readdir(written)).length, names.length);
});
