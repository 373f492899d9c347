import { deflateSync } from "node:zlib";
import test from "ava";
import { decodeSamples } from "../../../lib/image/decode-samples.js";
import type { RawImage } from "../../../lib/image/raw-image.js";
import type { Samples } from "../../../lib/image/samples.js";
import { encoder } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { refusesMutations } from "./mutations.js";
import { directoryFirst, writeTiff, type TiffFields } from "./tiff-files.js";

/** Smooth, so that it compresses, and of many strips and tiles. */
function scene(width: number, height: number, channels: 1 | 3): RawImage {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return (
      120 + 90 * Math.sin(((pixel % width) + 17 * (i % channels)) / 9) + 40 * Math.cos(pixel / width / 7)
    );
  });
  return { data, width, height, channels };
}

const picture = scene(150, 130, 3);

for (const compression of ["none", "lzw", "deflate", "packbits", "jpeg"] as const) {
  for (const tile of [false, true]) {
    const title = `a TIFF of ${tile ? "tiles" : "strips"} with the compression ${compression}`;
    const encoded = encoder(picture)
      .tiff({ compression, quality: 90, tile, tileWidth: 64, tileHeight: 32, predictor: "none" })
      .toBuffer();

    test(`${title} gives the pixels that it was made from`, async (t) => {
      const { data, width, height, channels, depth } = await decodeSamples(await encoded, "a.tif");
      t.deepEqual([width, height, channels, depth], [150, 130, 3, 8]);
      const furthest = Math.max(...data.map((value, i) => Math.abs(value - picture.data[i]!)));
      if (compression === "jpeg") t.true(furthest <= 24, `${furthest}`);
      else t.is(furthest, 0);
    });

    test(`${title} is refused if it is cut short, wherever`, async (t) => {
      const { file, pixels } = directoryFirst(await encoded);
      const whole = await decodeSamples(file, "a.tif");
      t.deepEqual(whole.data, (await decodeSamples(await encoded, "a.tif")).data);
      for (const part of [0, 0.3, 0.6, 0.9, 0.99]) {
        const cut = file.subarray(0, pixels + Math.floor((file.length - pixels) * part));
        await rejects(t, decodeSamples(cut, "a.tif"), "INVALID_IMAGE", /^a\.tif .*cut short/);
      }
    });

    if (compression !== "none") {
      test(`${title} is refused if its second half is zeros`, async (t) => {
        const { file, pixels } = directoryFirst(await encoded);
        file.fill(0, Math.floor((file.length + pixels) / 2));
        await rejects(t, decodeSamples(file, "a.tif"), "INVALID_IMAGE");
      });
    }
  }
}

test("what Deflate's checksum tells of is refused, though rows come out", async (t) => {
  const { width, height, data } = scene(100, 80, 1);
  const stream = deflateSync(data);
  const fields = { 256: width, 257: height, 259: 8 };
  const intact = writeTiff([{ fields, parts: [stream] }]);
  t.deepEqual((await decodeSamples(intact, "a.tif")).data, data);
  // A sender that does not end its stream is none that damages it.
  const open = writeTiff([{ fields, parts: [stream.subarray(0, -4)] }]);
  t.deepEqual((await decodeSamples(open, "a.tif")).data, data);
  stream[stream.length - 1]! ^= 1;
  const damaged = writeTiff([{ fields, parts: [stream] }]);
  await rejects(t, decodeSamples(damaged, "a.tif"), "INVALID_IMAGE", /strip 1 of 1 .*incorrect data check/);
});

test("tiles of both byte orders, of channels that lie apart, and with a predictor give their pixels", async (t) => {
  const [width, height] = [50, 40];
  const values = Uint16Array.from({ length: width * height * 3 }, (_, i) => (i * 7919) % 65_536);
  for (const byteOrder of ["II", "MM"] as const) {
    for (const planar of [false, true]) {
      const parts: Buffer[] = [];
      for (let plane = 0; plane < (planar ? 3 : 1); plane++) {
        for (let tile = 0; tile < 2 * 3; tile++) {
          const samples = planar ? 1 : 3;
          const part = Buffer.alloc(32 * 16 * samples * 2);
          for (let i = 0; i < 32 * 16 * samples; i++) {
            const [y, x] = [
              Math.floor(i / samples / 32) + 16 * Math.floor(tile / 2),
              (Math.floor(i / samples) % 32) + 32 * (tile % 2),
            ];
            const value =
              x < width && y < height ? values[(y * width + x) * 3 + (planar ? plane : i % 3)]! : 0;
            if (byteOrder === "II") part.writeUInt16LE(value, 2 * i);
            else part.writeUInt16BE(value, 2 * i);
          }
          parts.push(part);
        }
      }
      const fields = {
        256: width,
        257: height,
        258: [16, 16, 16],
        262: 2,
        277: 3,
        284: planar ? 2 : 1,
        322: 32,
        323: 16,
      };
      const decoded = await decodeSamples(writeTiff([{ fields, parts }], byteOrder), "a.tif");
      t.deepEqual([decoded.channels, decoded.depth], [3, 16]);
      t.deepEqual(decoded.data, values);
    }
  }
  const predicted = await encoder(picture)
    .tiff({ compression: "lzw", predictor: "horizontal", tile: true, bigtiff: true })
    .toBuffer();
  t.deepEqual((await decodeSamples(predicted, "a.tif")).data, picture.data as Uint8Array);
});

for (const [number, name] of [
  [6, "old-style JPEG"],
  [34_887, "LERC"],
  [34_925, "LZMA"],
  [50_000, "ZSTD"],
  [50_001, "WebP"],
  [99, "number 99"],
] as const) {
  test(`the compression ${name} is refused by name, of strips and of tiles`, async (t) => {
    const tiles = { 322: 16, 323: 16 };
    for (const layout of [{}, tiles]) {
      const fields = { 256: 16, 257: 16, 259: number, ...layout };
      const file = writeTiff([{ fields, parts: [Buffer.alloc(256, 7)] }]);
      const message = new RegExp(
        `^a\\.tif is a TIFF with the compression ${name}, .*; save it with LZW or Deflate\\.$`,
      );
      await rejects(t, decodeSamples(file, "a.tif", { maxPixels: Infinity }), "INVALID_IMAGE", message);
    }
  });
}

/** Values packed one after the other, upper bits first, each row in whole bytes. */
function packed(rows: readonly (readonly number[])[], bits: number): Buffer {
  return Buffer.concat(
    rows.map((row) => {
      const text = row.map((value) => value.toString(2).padStart(bits, "0")).join("");
      return Buffer.from(
        (text.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2)),
      );
    }),
  );
}

for (const bits of [10, 12, 14]) {
  test(`samples of ${bits} bits keep them all, grey and RGB, in strips and in tiles`, async (t) => {
    const white = 2 ** bits - 1;
    const rows = (width: number, height: number) =>
      Array.from({ length: height }, (_, y) =>
        Array.from({ length: width }, (_, x) => (y * 977 + x * 131) % (white + 1)),
      );
    const grey = rows(17, 5);
    const fields = { 256: 17, 257: 5, 258: bits, 278: 2 };
    const parts = [grey.slice(0, 2), grey.slice(2, 4), grey.slice(4)].map((part) => packed(part, bits));
    const decoded = await decodeSamples(writeTiff([{ fields, parts }], "MM"), "a.tif");
    t.deepEqual([decoded.depth, ...decoded.data], [bits, ...grey.flat()]);
    const inverted = await decodeSamples(writeTiff([{ fields: { ...fields, 262: 0 }, parts }]), "a.tif");
    t.deepEqual(
      [...inverted.data],
      grey.flat().map((value) => white - value),
    );

    const rgb = rows(16 * 3, 16);
    const tile = { 256: 13, 257: 11, 258: [bits, bits, bits], 259: 8, 262: 2, 277: 3, 322: 16, 323: 16 };
    const coloured = await decodeSamples(
      writeTiff([{ fields: tile, parts: [deflateSync(packed(rgb, bits))] }]),
      "a.tif",
    );
    t.deepEqual([coloured.width, coloured.height, coloured.channels], [13, 11, 3]);
    t.deepEqual(
      [...coloured.data],
      rgb.slice(0, 11).flatMap((row) => row.slice(0, 13 * 3)),
    );
  });
}

test("a largest value that the file states is the depth of 16 bits, if it holds", async (t) => {
  const file = (largest: number, ...values: number[]) => {
    const fields = { 256: values.length, 257: 1, 258: 16, 281: largest };
    return writeTiff([{ fields, parts: [Buffer.from(Uint16Array.from(values).buffer)] }]);
  };
  t.is((await decodeSamples(file(4095, 0, 4095), "a.tif")).depth, 12);
  t.is((await decodeSamples(file(4095, 0, 4096), "a.tif")).depth, 16);
  t.is((await decodeSamples(file(3000, 0, 3000), "a.tif")).depth, 16);
  t.is((await decodeSamples(file(65_535, 0, 3000), "a.tif")).depth, 16);
});

const types: [format: number, bits: number, values: Samples["data"]][] = [
  [2, 8, Int8Array.of(-128, -1, 0, 1, 127)],
  [2, 16, Int16Array.of(-32_768, -1, 0, 1, 32_767)],
  [2, 32, Int32Array.of(-(2 ** 31), -1, 0, 1, 2 ** 31 - 1)],
  [1, 32, Uint32Array.of(0, 1, 255, 65_536, 2 ** 31 - 1)],
  [3, 32, Float32Array.of(-1.5, 0, 0.25, 1, 1e9)],
];
for (const [format, bits, values] of types) {
  test(`${values.constructor.name} samples come as they are`, async (t) => {
    const fields = { 256: 5, 257: 1, 258: bits, 339: format };
    const part = Buffer.from(values.buffer as ArrayBuffer);
    const { data, depth } = await decodeSamples(writeTiff([{ fields, parts: [part] }]), "a.tif");
    t.deepEqual(data, values);
    t.is(depth, bits);
  });
}

/** Six grey values in two rows, as the orientation turns them. */
const turned: [orientation: number, width: number, values: number[]][] = [
  [1, 3, [1, 2, 3, 4, 5, 6]],
  [2, 3, [3, 2, 1, 6, 5, 4]],
  [3, 3, [6, 5, 4, 3, 2, 1]],
  [4, 3, [4, 5, 6, 1, 2, 3]],
  [5, 2, [1, 4, 2, 5, 3, 6]],
  [6, 2, [4, 1, 5, 2, 6, 3]],
  [7, 2, [6, 3, 5, 2, 4, 1]],
  [8, 2, [3, 6, 2, 5, 1, 4]],
  [0, 3, [1, 2, 3, 4, 5, 6]],
];
for (const [orientation, width, values] of turned) {
  test(`a TIFF of orientation ${orientation} is turned as PIL turns it`, async (t) => {
    const grey = writeTiff([
      { fields: { 256: 3, 257: 2, 274: orientation }, parts: [Buffer.of(1, 2, 3, 4, 5, 6)] },
    ]);
    const decoded = await decodeSamples(grey, "a.tif");
    t.deepEqual([decoded.width, ...decoded.data], [width, ...values]);
    const colours = Buffer.from([1, 2, 3, 4, 5, 6].flatMap((value) => [value, 10 * value, 20 * value]));
    const rgb = writeTiff([
      { fields: { 256: 3, 257: 2, 258: [8, 8, 8], 262: 2, 274: orientation, 277: 3 }, parts: [colours] },
    ]);
    t.deepEqual(
      [...(await decodeSamples(rgb, "a.tif")).data],
      values.flatMap((value) => [value, 10 * value, 20 * value]),
    );
  });
}

const page = (value: number, fields: TiffFields = {}) => ({
  fields: { 256: 4, 257: 4, ...fields },
  parts: [Buffer.alloc(16, value)],
});
const thumbnail = { fields: { 254: 1, 256: 2, 257: 2 }, parts: [Buffer.alloc(4, 99)] };

test("a page beside thumbnails and masks is read, whichever comes first", async (t) => {
  const mask = page(7, { 254: 4 });
  for (const pages of [
    [page(5), thumbnail],
    [thumbnail, page(5)],
    [page(5), mask],
    [thumbnail, page(5, { 254: 0 }), mask, thumbnail],
  ]) {
    const { data } = await decodeSamples(writeTiff(pages), "a.tif");
    t.deepEqual([...data], new Array<number>(16).fill(5));
  }
  t.is((await decodeSamples(writeTiff([thumbnail]), "a.tif")).width, 2);
});

test("several pages that count are refused", async (t) => {
  const file = writeTiff([page(1), thumbnail, page(2), page(3)]);
  await rejects(
    t,
    decodeSamples(file, "a.tif"),
    "INVALID_IMAGE",
    /has 3 frames or pages, but one is expected/,
  );
});

const rgba = { 256: 2, 257: 1, 258: [8, 8, 8, 8], 262: 2, 277: 4 };
const fourChannels = Buffer.of(10, 20, 30, 128, 40, 50, 60, 0);

test("an alpha is dropped, or kept if it is asked for", async (t) => {
  const file = writeTiff([{ fields: { ...rgba, 338: 2 }, parts: [fourChannels] }]);
  t.deepEqual([...(await decodeSamples(file, "a.tif")).data], [10, 20, 30, 40, 50, 60]);
  const kept = await decodeSamples(file, "a.tif", { alpha: true });
  t.deepEqual([kept.channels, ...kept.data], [4, ...fourChannels]);
});

test("an alpha that was multiplied into the colours is divided out, rounded down, as PIL does", async (t) => {
  const parts = [Buffer.of(10, 20, 130, 128, 40, 50, 60, 0, 1, 2, 3, 255)];
  const file = writeTiff([{ fields: { ...rgba, 256: 3, 338: 1 }, parts }]);
  t.deepEqual([...(await decodeSamples(file, "a.tif")).data], [19, 39, 255, 0, 0, 0, 1, 2, 3]);
});

const refused: [title: string, fields: TiffFields, message: RegExp][] = [
  [
    "a fourth channel without a meaning",
    { ...rgba, 338: 0 },
    /has 4 channels: RGB and 1 that its tag ExtraSamples/,
  ],
  [
    "a fourth channel that nothing is said of",
    rgba,
    /has 4 channels: RGB and 1 .*save only the channels you need/,
  ],
  [
    "two more channels, though one is an alpha",
    { ...rgba, 258: [8, 8, 8, 8, 8], 277: 5, 338: [2, 0] },
    /has 5 channels: RGB and 2/,
  ],
  ["grey with a second channel", { 256: 4, 257: 1, 258: [8, 8], 277: 2 }, /has 2 channels: grey and 1/],
  ["fewer channels than its colours", { 256: 4, 257: 1, 258: [8, 8], 262: 2, 277: 2 }, /has 2 of 3 channels/],
  ["the mosaic of a sensor", { 256: 4, 257: 2, 262: 32_803 }, /mosaic of a colour sensor/],
  ["YCbCr that is no JPEG", { 256: 2, 257: 1, 258: [8, 8, 8], 262: 6, 277: 3 }, /colour space YCbCr/],
  ["CIELab", { 256: 2, 257: 1, 258: [8, 8, 8], 262: 8, 277: 3 }, /colour space CIELab/],
  [
    "channels of different depths",
    { 256: 1, 257: 1, 258: [8, 16, 8], 262: 2, 277: 3 },
    /channels of different types/,
  ],
  ["64 bits", { 256: 1, 257: 1, 258: 64 }, /samples of 64 bits \(unsigned\)/],
  ["half precision", { 256: 4, 257: 1, 258: 16, 339: 3 }, /samples of 16 bits \(float\)/],
  ["complex numbers", { 256: 1, 257: 1, 258: 64, 339: 6 }, /not real numbers/],
  ["no width", { 256: 0, 257: 1 }, /its size is 0 x 1/],
  [
    "more pixels than memory",
    { 256: 100_000, 257: 50_000 },
    /100000 x 50000 pixels, which take 4\.7 GiB .* at most 4\.0 GiB are/,
  ],
  ["a DNG's version", { 256: 4, 257: 2, 50_706: [1, 4, 0, 0] }, /raw camera file/],
  ["previews of a raw camera file", { 254: 1, 256: 4, 257: 2, 330: 8 }, /raw camera file/],
  ["tiles of no size", { 256: 4, 257: 2, 322: 0, 323: 0 }, /its tiles are 0 x 0/],
  ["fewer tiles than it needs", { 256: 64, 257: 64, 322: 16, 323: 16 }, /it has 1 of 16 tiles/],
];
for (const [title, fields, message] of refused) {
  test(`a TIFF with ${title} is refused`, async (t) => {
    const file = writeTiff([{ fields, parts: [Buffer.alloc(256, 1)] }]);
    await rejects(t, decodeSamples(file, "a.tif", { maxPixels: Infinity }), "INVALID_IMAGE", message);
  });
}

test("the extension of a raw camera file is believed of what begins as a TIFF", async (t) => {
  const file = writeTiff([page(5)]);
  t.is((await decodeSamples(file, "a.tif")).width, 4);
  await rejects(
    t,
    decodeSamples(file, "a.NEF"),
    "INVALID_IMAGE",
    /^a\.NEF is a raw camera file, .*develop it/,
  );
});

test("directories that make a loop are refused", async (t) => {
  const file = writeTiff([page(1), page(2)]);
  const first = file.readUInt32LE(4);
  const second = file.readUInt32LE(first + 2 + 12 * file.readUInt16LE(first));
  file.writeUInt32LE(first, second + 2 + 12 * file.readUInt16LE(second));
  await rejects(t, decodeSamples(file, "a.tif"), "INVALID_IMAGE", /its directories make a loop/);
});

test("a TIFF with any bytes changed is decoded or refused, and takes no more memory than it states", async (t) => {
  const rows = Array.from({ length: 16 }, (_, y) => Array.from({ length: 16 }, (_, x) => (y * x) % 4096));
  const tile = { 256: 13, 257: 11, 258: 12, 259: 8, 322: 16, 323: 16 };
  const small = encoder(scene(24, 20, 3));
  await refusesMutations(
    t,
    [
      writeTiff([page(1), thumbnail]),
      writeTiff([{ fields: tile, parts: [deflateSync(packed(rows, 12))] }]),
      directoryFirst(await small.clone().tiff({ compression: "lzw", predictor: "none" }).toBuffer()).file,
      directoryFirst(
        await small
          .clone()
          .tiff({ compression: "jpeg", tile: true, tileWidth: 16, tileHeight: 16 })
          .toBuffer(),
      ).file,
    ],
    1200,
  );
});
