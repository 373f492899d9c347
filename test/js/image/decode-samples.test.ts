import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import test from "ava";
import sharp from "sharp";
import { decodeSamples } from "../../../lib/image/decode-samples.js";
import { invalidImage, reasonOf } from "../../../lib/image/invalid-image.js";
import { ReverseDistillationError } from "../../../lib/index.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { sharedPath, testWithShared } from "../support/shared.js";

/** A PNG with another chunk after its header. */
function withChunk(png: Buffer, type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(content));
  const headerEnd = 33;
  return Buffer.concat([png.subarray(0, headerEnd), length, content, checksum, png.subarray(headerEnd)]);
}

function png16(...values: number[]): Promise<Buffer> {
  const raw = { width: values.length, height: 1, channels: 1 } as const;
  return sharp(Uint16Array.from(values), { raw }).toColourspace("grey16").png().toBuffer();
}

test("16 bits are kept, of PNG and TIFF, grey and RGB", async (t) => {
  const values = Uint16Array.from({ length: 600 }, (_, index) => (index * 109) % 65_536);
  for (const channels of [1, 3] as const) {
    const image = sharp(values, { raw: { width: 20, height: 30 / channels, channels } });
    const deep = image.toColourspace(channels === 1 ? "grey16" : "rgb16");
    for (const bytes of [
      await deep.clone().png().toBuffer(),
      await deep.clone().tiff({ compression: "lzw" }).toBuffer(),
    ]) {
      const decoded = await decodeSamples(bytes, "a");
      t.deepEqual([decoded.channels, decoded.depth, decoded.width], [channels, 16, 20]);
      t.deepEqual(decoded.data, values);
    }
  }
});

test("the significant bits of a PNG are its depth if its values are in the lower bits", async (t) => {
  const depthOf = async (significant: number, ...values: number[]) => {
    const file = withChunk(await png16(...values), "sBIT", Buffer.of(significant));
    const { data, depth } = await decodeSamples(file, "a.png");
    t.deepEqual([...data], values);
    return depth;
  };
  t.is(await depthOf(12, 0, 1, 2048, 4095), 12);
  t.is(await depthOf(10, 0, 1, 1023), 10);
  // Shifted up, as the specification has it: with zeros below, or with the upper bits again.
  t.is(await depthOf(12, 0, 16, 4080, 65_520), 16);
  t.is(await depthOf(12, 0, 16, 4081, 65_535), 16);
  t.is(await depthOf(12, 0, 16, 32), 16);
  t.is(await depthOf(12, 0, 0), 16);
  t.is(await depthOf(16, 0, 4095), 16);
});

test("an animated PNG is refused, and one of a single frame is read", async (t) => {
  const png = await encoder(noise(8, 8, 3))
    .png()
    .toBuffer();
  const control = (frames: number) => {
    const data = Buffer.alloc(8);
    data.writeUInt32BE(frames);
    return data;
  };
  const still = await decodeSamples(withChunk(png, "acTL", control(1)), "a.png");
  t.deepEqual(still.data, (await decodeSamples(png, "a.png")).data);
  const animated = withChunk(png, "acTL", control(2));
  await rejects(t, decodeSamples(animated, "a.png"), "INVALID_IMAGE", /^a\.png has 2 frames or pages/);
});

test("alpha is dropped, or kept if it is asked for, of every format that has it", async (t) => {
  const rgba = noise(20, 10, 4);
  const colours = rgba.data.filter((_, index) => index % 4 !== 3);
  for (const bytes of [
    await encoder(rgba).png().toBuffer(),
    await encoder(rgba).webp({ lossless: true, exact: true }).toBuffer(),
    await encoder(rgba).tiff({ compression: "lzw" }).toBuffer(),
  ]) {
    t.deepEqual([...(await decodeSamples(bytes, "a")).data], [...colours]);
    const kept = await decodeSamples(bytes, "a", { alpha: true });
    t.deepEqual([kept.channels, ...kept.data], [4, ...rgba.data]);
  }
  const grey = await encoder(noise(20, 10, 4))
    .toColourspace("b-w")
    .png()
    .toBuffer();
  t.is((await sharp(grey).metadata()).channels, 2);
  t.is((await decodeSamples(grey, "a")).channels, 1);
  t.is((await decodeSamples(grey, "a", { alpha: true })).channels, 2);
});

test("a file is what its first bytes say, whatever its name", async (t) => {
  const image = encoder(noise(8, 8, 3));
  const jpeg = await image.clone().jpeg().toBuffer();
  for (const name of ["a.jfif", "a.jpe", "a.png", "a.bmp", "a", "a.jp2"]) {
    t.is((await decodeSamples(jpeg, name)).format, "jpeg");
  }
});

const unread: [title: string, bytes: Buffer, name: string, message: RegExp][] = [
  [
    "JPEG 2000",
    Buffer.from("\0\0\0\x0cjP  \r\n\x87\n", "latin1"),
    "a.jp2",
    /^a\.jp2 is JPEG 2000, which is not supported; convert it to PNG or TIFF\.$/,
  ],
  ["JPEG XL", Buffer.of(0xff, 0x0a, 1), "a.png", /^a\.png is JPEG XL, which is not supported; convert it/],
  ["HEIC", Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"), "a.heic", /is HEIC, which/],
  [
    "SVG",
    Buffer.from('<?xml version="1.0"?><svg width="9" height="9"/>'),
    "a.svg",
    /is SVG, which is not supported; render it to PNG/,
  ],
  [
    "SVG after a long comment",
    Buffer.from(`<!--${"-".repeat(5000)}--><svg/>`),
    "a.png",
    /is not in a known image format/,
  ],
  ["what is named as TGA", Buffer.alloc(100, 9), "a.TGA", /is TGA, which is not supported/],
  ["raw pixels", Buffer.alloc(100, 9), "a.raw", /pass them as \{ data, width, height, channels \}/],
  ["zeros", Buffer.alloc(100), "a.png", /contains only zeros: its content was lost/],
  [
    "a text",
    Buffer.from("hello"),
    "a.png",
    /is not in a known image format; supported formats are PNG, JPEG, TIFF, BMP, PNM, WebP, AVIF, GIF\.$/,
  ],
  ["nothing", Buffer.alloc(0), "a.png", /^a\.png is empty\.$/],
];
for (const [title, bytes, name, message] of unread) {
  test(`${title}: refused, with what to do`, async (t) => {
    await rejects(t, decodeSamples(bytes, name), "INVALID_IMAGE", message);
  });
}

test("what a library says is told once, on one line, and without what only its authors understand", (t) => {
  const said = `tiff2vips: ZSTD compression support is not configured\n`.repeat(40);
  t.is(reasonOf(new Error(said)), "ZSTD compression support is not configured");
  t.is(
    reasonOf(
      new Error("source: bad seek to 38432\nsource: bad seek to 12\nheif: Corrupt frame detected (2.0)\n"),
    ),
    "Corrupt frame detected (2.0)",
  );
  t.is(
    reasonOf(new Error("Input buffer has corrupt header: gifload_buffer: Unexpected end\n")),
    "Unexpected end",
  );
  t.is(reasonOf(new Error("vipspng: libpng read error\n")), "it is damaged or cut short");
});

test("a message has one line of 500 characters at most, and begins with the end of a long path", (t) => {
  const { message } = invalidImage(`/${"long/".repeat(500)}part\n1.png`, "is ".repeat(400));
  t.is(message.length, 500);
  t.regex(message, /^….*\/part\\x0a1\.png is is .*…\.$/);
});

/** Cases whose missing part no decoder can tell: their format has no checksum, and what is there decodes. */
const unseen = /^(tiffraw|tifflzw|webp|webplossless|gif|jpeg)-(flips|hole|zerotail50)\./;

testWithShared("cases/pictures/damaged")(
  "damaged pictures are refused, but for those that no decoder tells",
  async (t) => {
    const folder = sharedPath("cases/pictures/damaged")!;
    for (const file of readdirSync(folder)) {
      const outcome = await decodeSamples(readFileSync(join(folder, file)), file).catch(
        (error: unknown) => error,
      );
      if (outcome instanceof Error) {
        t.true(outcome instanceof ReverseDistillationError && outcome.code === "INVALID_IMAGE", file);
        t.regex(outcome.message, /^.{1,500}$/);
        t.false(file.includes("intact"), outcome.message);
      } else {
        t.true(
          file.includes("intact") || unseen.test(file) || file.startsWith("jpegprog-flips"),
          `${file} is decoded`,
        );
      }
    }
  },
);

testWithShared("cases/pictures/formats")(
  "one picture in every container has the same pixels, or is refused by name",
  async (t) => {
    const folder = sharedPath("cases/pictures/formats")!;
    const read = async (file: string) => decodeSamples(readFileSync(join(folder, file)), file);
    const references = new Map([
      [1, (await read("ref-grey.png")).data],
      [3, (await read("ref-rgb.png")).data],
    ]);
    let compared = 0;
    for (const file of readdirSync(folder)) {
      // Pictures of their own, with fewer levels or colours, or turned.
      if (/^size-|1bit|2bit|4bit|palette|cmyk|orientation|^gif|float|int8|int16|uint32/.test(file)) continue;
      const outcome = await read(file).catch((error: unknown) => error as ReverseDistillationError);
      if (outcome instanceof Error) {
        t.is(outcome.code, "INVALID_IMAGE");
        t.regex(outcome.message, /not supported|cannot be decoded|has 2 frames|mosaic|ExtraSamples/, file);
        continue;
      }
      const reference = references.get(outcome.channels)!;
      const unit = file === "png-12bit-in-16-lsb.png" ? 4095 / 255 : (2 ** outcome.depth - 1) / 255;
      const lossy = /^jpe?g|jpeg\.tif|avif/.test(file);
      const furthest = Math.max(
        ...[...outcome.data].map((value, i) => Math.abs(value / unit - reference[i]!)),
      );
      t.true(furthest <= (lossy ? 40 : outcome.depth > 8 ? 1.01 : 0), `${file}: ${furthest}`);
      compared++;
    }
    t.true(compared > 40, `${compared}`);
  },
);
