import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import test from "ava";
import sharp from "sharp";
import { decodeSamples } from "../../../lib/image/decode-samples.js";
import { decodeImage } from "../../../lib/image/decode.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { writeBmp } from "./bmp-files.js";
import { writeTiff } from "./tiff-files.js";

const plain = () => sharp({ create: { width: 40, height: 30, channels: 3, background: "#808890" } });

/** A file of 40 x 30 pixels in each format. */
const files: Record<string, () => Promise<Buffer>> = {
  png: () => plain().png().toBuffer(),
  jpeg: () => plain().jpeg().toBuffer(),
  tiff: () => plain().tiff({ tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
  webp: () => plain().webp().toBuffer(),
  avif: () => plain().avif().toBuffer(),
  gif: () => plain().gif().toBuffer(),
  bmp: () => Promise.resolve(writeBmp({ width: 40, height: 30, bits: 24, rows: Buffer.alloc(3600) })),
  pnm: () => Promise.resolve(Buffer.concat([Buffer.from("P5 40 30 255\n"), Buffer.alloc(1200, 7)])),
};
for (const [format, file] of Object.entries(files)) {
  test(`a file in the format ${format} with more pixels than maxPixels is refused, and one with as many is not`, async (t) => {
    const bytes = await file();
    const error = await rejects(t, decodeSamples(bytes, "a", { maxPixels: 1199 }), "INVALID_IMAGE");
    t.is(
      error?.message,
      "a has 40 x 30 pixels, 1200; maxPixels allows 1199: raise it (--max-pixels on the command line), scale the image " +
        "down, or cut it into tiles.",
    );
    t.is((await decodeSamples(bytes, "a", { maxPixels: 1200 })).width, 40);
  });
}

/** A PNG whose header states another size. Its pixels are those of one pixel: decoding them would fail. */
async function pngOf(width: number, height: number): Promise<Buffer> {
  const png = await sharp({ create: { width: 1, height: 1, channels: 3, background: "#000" } })
    .png()
    .toBuffer();
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}

test("by default, an image has up to 64 million pixels, and more are refused by the header alone", async (t) => {
  await rejects(
    t,
    decodeImage(await pngOf(16_383, 16_383)),
    "INVALID_IMAGE",
    /has 16383 x 16383 pixels, 268\.4 million; maxPixels allows 64 million: raise it/,
  );
  await rejects(t, decodeImage(await pngOf(8001, 8000)), "INVALID_IMAGE", /maxPixels/);
  await rejects(t, decodeImage(await pngOf(8000, 8000)), "INVALID_IMAGE", /cannot be decoded/);
});

test("a side may have any length, and a line scan of 100,000 rows is decoded", async (t) => {
  const rows = Buffer.alloc(100_000 * 8, 9);
  const scan = await sharp(rows, { raw: { width: 8, height: 100_000, channels: 1 } })
    .png()
    .toBuffer();
  const { width, height } = await decodeImage(scan);
  t.deepEqual([width, height], [8, 100_000]);
});

test("tiles of a TIFF that are far larger than the picture are refused before they are decoded", async (t) => {
  const tile = deflateSync(Buffer.alloc(2048 * 2048));
  const fields = { 256: 10, 257: 10, 259: 8, 322: 2048, 323: 2048 };
  const file = writeTiff([{ fields, parts: [tile] }]);
  t.is((await decodeSamples(file, "a.tif")).width, 10);
  await rejects(
    t,
    decodeSamples(file, "a.tif", { maxPixels: 1_000_000 }),
    "INVALID_IMAGE",
    /^a\.tif has 1 tile of 2048 x 2048 pixels for a picture of 10 x 10, too many to decode with maxPixels 1000000; /,
  );
});

test("a file that is larger than an image of maxPixels can be is not read", async (t) => {
  const path = join(await temporaryFolder(t), "sparse.png");
  writeFileSync(path, "");
  truncateSync(path, 20_000_000);
  const message =
    /it has 20000000 bytes; at most 16793216 are allowed here, which follows from maxPixels 1000\.$/;
  await rejects(t, decodeImage(path, { maxPixels: 1000 }), "IO", message);
  await rejects(t, decodeImage(path), "INVALID_IMAGE", /contains only zeros/);
});
