import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import sharp from "sharp";
import { datasetFromLists } from "../../../lib/evaluation/dataset.js";
import { evaluate, type Scorer } from "../../../lib/evaluation/evaluate.js";
import { decodeMask } from "../../../lib/evaluation/mask.js";
import type { MaskRemark } from "../../../lib/evaluation/masks/marked.js";
import { crc32 } from "../../../lib/files/crc32.js";
import { writeBmp } from "../image/bmp-files.js";
import { writeTiff } from "../image/tiff-files.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const width = 64;
const height = 48;
const count = 400;

/** One value per pixel: those of a square of 20 x 20 are marked. */
function square<T>(marked: T, background: T): T[] {
  return Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x >= 10 && x < 30 && y >= 10 && y < 30 ? marked : background;
  });
}

function tiff(
  values: Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array,
  more: object = {},
): Buffer {
  const format = values instanceof Float32Array ? 3 : /^Int/.test(values.constructor.name) ? 2 : 1;
  const fields = { 256: width, 257: height, 258: values.BYTES_PER_ELEMENT * 8, 339: format, ...more };
  return writeTiff([
    { fields, parts: [new Uint8Array(values.buffer, values.byteOffset, values.byteLength)] },
  ]);
}

function png(values: readonly number[], channels: 1 | 2 | 3 | 4, deep = false): Promise<Buffer> {
  const data = deep ? Uint16Array.from(values) : Uint8Array.from(values);
  const spaces = { 1: "b-w", 2: "b-w", 3: "srgb", 4: "srgb" } as const;
  return sharp(data, { raw: { width, height, channels } })
    .toColourspace(deep ? "grey16" : spaces[channels])
    .png()
    .toBuffer();
}

/** A PNG of indices into a palette. */
function palettePng(indices: readonly number[], palette: readonly (readonly number[])[]): Buffer {
  const chunk = (type: string, content: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
    const framed = Buffer.alloc(body.length + 8);
    framed.writeUInt32BE(content.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc32(body), body.length + 4);
    return framed;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  const rows = Array.from({ length: height }, (_, y) => [0, ...indices.slice(y * width, (y + 1) * width)]);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flat())),
    chunk("IDAT", deflateSync(Buffer.from(rows.flat()))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Grey levels around the edge, as a scaled copy has them. */
const soft = Array.from({ length: width * height }, (_, i) => {
  const [x, y] = [(i % width) - 19.5, Math.floor(i / width) - 19.5];
  const distance = Math.max(Math.abs(x), Math.abs(y)) - 10;
  if (distance > 1) return 0;
  return distance > 0 ? 40 + (i % 3) * 20 : distance > -1 ? 180 : 255;
});

const [white, black, red] = [
  [255, 255, 255],
  [0, 0, 0],
  [128, 0, 0],
] as const;
const flat = (colours: readonly (readonly number[])[]): number[] => colours.flat();
const indexRows = (indices: readonly number[]): Uint8Array[] =>
  Array.from({ length: height }, (_, y) => Uint8Array.from(indices.slice(y * width, (y + 1) * width)));

const masks: [title: string, file: string, bytes: () => Buffer | Promise<Buffer>, remarks?: MaskRemark[]][] =
  [
    ...[1, 127, 128, 255].map((ink): [string, string, () => Promise<Buffer>] => [
      `8 bits of ${ink}`,
      "a.png",
      () => png(square(ink, 0), 1),
    ]),
    ["16 bits of 1", "a.png", () => png(square(1, 0), 1, true)],
    ["16 bits of 65535", "a.tif", () => tiff(Uint16Array.from(square(65535, 0)))],
    ["16 bits of 300", "a.tif", () => tiff(Uint16Array.from(square(300, 0)))],
    ["signed 8 bits of -1", "a.tif", () => tiff(Int8Array.from(square(-1, 0)))],
    ["signed 16 bits of 1", "a.tif", () => tiff(Int16Array.from(square(1, 0)))],
    ["signed 16 bits of -32768", "a.tif", () => tiff(Int16Array.from(square(-32768, 0)))],
    ["32 bits of 1", "a.tif", () => tiff(Uint32Array.from(square(1, 0)))],
    ["32 bits of 4294967295", "a.tif", () => tiff(Uint32Array.from(square(4294967295, 0)))],
    ["signed 32 bits of 255", "a.tif", () => tiff(Int32Array.from(square(255, 0)))],
    ["floats of 1", "a.tif", () => tiff(Float32Array.from(square(1, 0)))],
    ["floats of 0.5", "a.tif", () => tiff(Float32Array.from(square(0.5, 0)))],
    ["floats of 255", "a.tif", () => tiff(Float32Array.from(square(255, 0)))],
    ["floats of 0.001", "a.tif", () => tiff(Float32Array.from(square(0.001, 0)))],
    [
      "blurred floats up to 1",
      "a.tif",
      () => tiff(Float32Array.from(soft, (value) => value / 255)),
      ["soft-edges"],
    ],
    [
      "labels 1 to 8",
      "a.png",
      () =>
        png(
          square(1, 0).map((label, i) => label * (1 + (i % 8))),
          1,
        ),
    ],
    [
      "labels 50, 100, 150, 200, 250 in stripes",
      "a.png",
      () =>
        png(
          square(50, 0).map((label, i) => label * (1 + Math.min(4, Math.floor(((i % width) - 10) / 4)))),
          1,
        ),
      ["several-levels"],
    ],
    [
      "two labels, 127 and 255",
      "a.png",
      () =>
        png(
          square(255, 0).map((label, i) => (i % width < 20 ? Math.min(label, 127) : label)),
          1,
        ),
      ["several-levels"],
    ],
    [
      "values of 236 to 250",
      "a.png",
      () =>
        png(
          square(236, 0).map((label, i) => (label === 0 ? 0 : label + (i % 15))),
          1,
        ),
    ],
    ["soft edges", "a.png", () => png(soft, 1), ["soft-edges"]],
    [
      "soft edges of 12 bits",
      "a.tif",
      () => tiff(Uint16Array.from(soft, (value) => value * 16)),
      ["soft-edges"],
    ],
    [
      "JPEG",
      "a.jpg",
      () =>
        sharp(Uint8Array.from(square(255, 0)), { raw: { width, height, channels: 1 } })
          .toColourspace("b-w")
          .jpeg({ quality: 75 })
          .toBuffer(),
    ],
    ["red on black", "a.png", () => png(flat(square([255, 0, 0], [0, 0, 0])), 3)],
    ["blue of 1 on black", "a.png", () => png(flat(square([0, 0, 1], [0, 0, 0])), 3)],
    ["red on white", "a.png", () => png(flat(square([255, 0, 0], [255, 255, 255])), 3), ["white-background"]],
    [
      "opaque red on white, with alpha",
      "a.png",
      () => png(flat(square([255, 0, 0, 255], [255, 255, 255, 255])), 4),
      ["white-background"],
    ],
    ["alpha alone, on black", "a.png", () => png(flat(square([0, 0, 0, 255], [0, 0, 0, 0])), 4), ["alpha"]],
    [
      "alpha alone, on white",
      "a.png",
      () => png(flat(square([255, 255, 255, 255], [255, 255, 255, 0])), 4),
      ["alpha"],
    ],
    [
      "alpha alone, half transparent",
      "a.png",
      () => png(flat(square([9, 9, 9, 100], [9, 9, 9, 0])), 4),
      ["alpha"],
    ],
    ["alpha alone, of grey", "a.png", () => png(flat(square([255, 255], [255, 0])), 2), ["alpha"]],
    [
      "white on transparent white, coloured",
      "a.png",
      () => png(flat(square([255, 0, 0, 255], [0, 0, 0, 0])), 4),
    ],
    ["colours on opaque black", "a.png", () => png(flat(square([255, 0, 0, 255], [0, 0, 0, 255])), 4)],
    ["a palette with black first", "a.png", () => palettePng(square(1, 0), [black, red])],
    ["a palette with white first", "a.png", () => palettePng(square(1, 0), [white, red])],
    [
      "a palette with another index",
      "a.png",
      () => palettePng(square(3, 0), [red, white, black, [0, 128, 0]]),
    ],
    [
      "a palette of labels",
      "a.png",
      () =>
        palettePng(
          square(1, 0).map((label, i) => label * (1 + (i % 3))),
          [black, red, [0, 128, 0], [128, 128, 0]],
        ),
    ],
    [
      "a palette whose background is another black",
      "a.png",
      () => palettePng(square(2, 1), [black, black, white]),
    ],
    [
      "a palette of greys, black on white",
      "a.png",
      () => palettePng(square(1, 0), [white, black]),
      ["palette"],
    ],
    [
      "a palette of greys that was sorted, white on black",
      "a.png",
      () => palettePng(square(0, 1), [white, black]),
      ["palette"],
    ],
    [
      "a coloured palette that was sorted",
      "a.png",
      () => palettePng(square(0, 1), [red, black]),
      ["palette"],
    ],
    [
      "GIF",
      "a.gif",
      () =>
        sharp(Uint8Array.from(square(255, 0)), { raw: { width, height, channels: 1 } })
          .gif()
          .toBuffer(),
    ],
    [
      "BMP of 1 bit",
      "a.bmp",
      () => writeBmp({ width, height, bits: 8, rows: indexRows(square(1, 0)), palette: [black, white] }),
    ],
    [
      "BMP with a palette with white first",
      "a.bmp",
      () => writeBmp({ width, height, bits: 8, rows: indexRows(square(1, 0)), palette: [white, red] }),
    ],
    [
      "TIFF with a palette with white first",
      "a.tif",
      () => {
        const map = Array.from({ length: 768 }, (_, i) => (i % 256 === 0 ? 65535 : i === 1 ? 32768 : 0));
        return tiff(Uint8Array.from(square(1, 0)), { 262: 3, 320: map });
      },
    ],
    ["TIFF with white as 0", "a.tif", () => tiff(Uint8Array.from(square(0, 255)), { 262: 0 })],
  ];

async function read(t: ExecutionContext, file: string, bytes: Buffer): ReturnType<typeof decodeMask> {
  const path = join(await temporaryFolder(t), file);
  await writeFile(path, bytes);
  return decodeMask(path);
}

for (const [title, file, bytes, remarks = []] of masks) {
  test(`${count} marked pixels are read as ${count}: ${title}`, async (t) => {
    const mask = await read(t, file, await bytes());
    // GIF may or may not sort its colours.
    if (file.endsWith(".gif")) mask.remarks = [];
    t.deepEqual([mask.count, mask.remarks], [count, remarks]);
    t.deepEqual([...mask.pixels], square(1, 0));
  });
}

test("masks whose values make no sense are refused, and say why", async (t) => {
  await rejects(
    t,
    read(t, "a.tif", tiff(Float32Array.from(square(NaN, 0)))),
    "INVALID_IMAGE",
    /not finite numbers; save 0/,
  );
  const signed = Int16Array.from(square(-5, 0), (value, i) => (i % 2 ? value : value * 2));
  await rejects(t, read(t, "a.tif", tiff(signed)), "INVALID_IMAGE", /several different values below 0/);
  const cut = (await png(square(255, 0), 1)).subarray(0, 70);
  await rejects(t, read(t, "a.png", cut), "INVALID_IMAGE", /The mask .*a\.png/);
});

test("masks that look wrong are named in the notes of the report", async (t) => {
  const folder = await temporaryFolder(t);
  const files = {
    "empty.png": await png(square(0, 0), 1),
    "inverted.png": await png(square(0, 255), 1),
    "fine.png": await png(square(255, 0), 1),
    "soft.png": await png(soft, 1),
    "lost.png": await png(square(0, 0).with(1, 255), 1),
    "wide.png": await sharp(Uint8Array.from(square(255, 0)), { raw: { width, height, channels: 1 } })
      .resize(64, 20, { fit: "fill", kernel: "nearest" })
      .png()
      .toBuffer(),
  };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  const path = (name: string): string => join(folder, name);
  const image = path("fine.png");
  const scorer: Scorer = {
    score: () =>
      Promise.resolve({ score: 1, map: { data: new Float32Array(32 * 24), height: 24, width: 32 } }),
  };
  const dataset = datasetFromLists({
    test: ["empty.png", "inverted.png", "fine.png", "soft.png", "lost.png", "wide.png"].map((name) => ({
      image,
      label: "dent",
      mask: path(name),
    })),
  });
  dataset.test.push({ image, label: "good", mask: path("fine.png") });
  const { notes } = await evaluate(scorer, dataset);
  t.deepEqual(
    notes.map((note) => note.replaceAll(`${folder}/`, "")),
    [
      "1 mask of a defective image marks nothing (empty.png).",
      "1 mask marks more than half of its image, as an inverted mask does (inverted.png).",
      "1 mask of a good image marks something, and the image counts as good throughout (fine.png).",
      "1 mask marks so few pixels that none is left at the size of the map (lost.png).",
      "1 mask has a different aspect ratio from its image (wide.png).",
      "1 mask has soft edges: values from half of white on are marked (soft.png).",
    ],
  );
  t.deepEqual((await evaluate(scorer, dataset, { pixels: false })).notes, []);
});
