import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import {
  formatOfExtension,
  otherFormats,
  readExtensions,
  readFormats,
  sniffFormat,
  sniffLength,
} from "../../../lib/image/formats.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { sharedPath, testWithShared } from "../support/shared.js";

const latin1 = (text: string) => Buffer.from(text, "latin1");

test("what sharp writes is known by its first bytes", async (t) => {
  const image = encoder(noise(16, 16, 3));
  for (const key of ["png", "jpeg", "tiff", "webp", "avif", "gif"] as const) {
    const bytes = await image.clone()[key]().toBuffer();
    t.is(sniffFormat(bytes), readFormats[key]);
    t.is(sniffFormat(bytes.subarray(0, sniffLength)), readFormats[key]);
  }
});

const heads: [title: string, bytes: Buffer, format: unknown][] = [
  ["BMP", Buffer.concat([latin1("BM"), Buffer.alloc(12), Buffer.of(40, 0, 0, 0)]), readFormats.bmp],
  ["a text that begins with BM", latin1("BMW is a maker of cars, and not of images"), undefined],
  ["PGM", latin1("P5 2 2 255\n\0\0\0\0"), readFormats.pnm],
  ["PGM with a comment", latin1("P2# made by hand\n1 1 1 1"), readFormats.pnm],
  ["PAM", latin1("P7\nWIDTH 1\n"), readFormats.pnm],
  ["PFM", latin1("Pf\n1 1\n-1.0\n"), otherFormats.pfm],
  ["BigTIFF", latin1("MM\0+\0\x08\0\0"), readFormats.tiff],
  ["JPEG 2000", latin1("\0\0\0\x0cjP  \r\n\x87\n"), otherFormats.jpeg2000],
  ["a JPEG 2000 codestream", latin1("\xff\x4f\xff\x51\0\x2f"), otherFormats.jpeg2000],
  ["JPEG XL", latin1("\xff\x0a\xfa\x1f"), otherFormats.jpegxl],
  ["JPEG-LS", latin1("\xff\xd8\xff\xf7\0\x0b"), otherFormats.jpegls],
  ["HEIC", latin1("\0\0\0\x18ftypheic\0\0\0\0mif1heic"), otherFormats.heic],
  ["AVIF whose major brand is mif1", latin1("\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf"), readFormats.avif],
  ["MP4", latin1("\0\0\0\x18ftypisom\0\0\x02\0isomavc1"), otherFormats.video],
  ["Canon CR3", latin1("\0\0\0\x18ftypcrx \0\0\0\x01crx isom"), otherFormats.cameraRaw],
  ["Canon CR2", latin1("II*\0\x10\0\0\0CR\x02\0"), otherFormats.cameraRaw],
  ["PSD", latin1("8BPS\0\x01"), otherFormats.psd],
  ["PDF", latin1("%PDF-1.7\n"), otherFormats.pdf],
  ["SVG", latin1('<?xml version="1.0"?>\n<!-- drawn by hand -->\n<svg xmlns="x">'), otherFormats.svg],
  ["SVG with a byte order mark", latin1("\xef\xbb\xbf<svg/>").fill(">", 7), otherFormats.svg],
  ["SVG in UTF-16", Buffer.from("\ufeff<svg width='1'/>", "utf16le"), otherFormats.svg],
  ["HTML", latin1("<!DOCTYPE html><title>Not found</title>"), otherFormats.html],
  ["a Git LFS pointer", latin1("version https://git-lfs.github.com/spec/v1\n"), otherFormats.gitLfs],
  ["a ZIP", latin1("PK\x03\x04"), otherFormats.archive],
  ["PCX", Buffer.of(10, 5, 1, 8, 0, 0), otherFormats.pcx],
  [
    "TGA",
    Buffer.concat([Buffer.of(0, 0, 2), Buffer.alloc(9), Buffer.of(96, 0, 64, 0, 24, 32)]),
    otherFormats.tga,
  ],
  ["an icon", Buffer.of(0, 0, 1, 0, 1, 0, 16, 16), otherFormats.icon],
  ["nothing", Buffer.alloc(0), undefined],
  ["zeros", Buffer.alloc(100), undefined],
  ["a text", latin1("not an image"), undefined],
];

for (const [title, bytes, format] of heads) {
  test(`${title} is ${format === undefined ? "no known format" : "known by its first bytes"}`, (t) => {
    t.is(sniffFormat(bytes), format as undefined);
  });
}

test("an extension stands for one format, in any case", (t) => {
  const all = [...Object.values(readFormats), ...Object.values(otherFormats)].flatMap(({ extensions }) => [
    ...extensions,
  ]);
  t.is(new Set(all).size, all.length);
  for (const extension of all) t.regex(extension, /^\.[a-z0-9]+$/);
  t.is(formatOfExtension(".JFIF"), readFormats.jpeg);
  t.is(formatOfExtension(".Jp2"), otherFormats.jpeg2000);
  t.is(formatOfExtension(".txt"), undefined);
  t.true(readExtensions.includes(".dib"));
});

testWithShared("cases/pictures/formats")("every case's format is known, whatever its name", (t) => {
  const folder = sharedPath("cases/pictures/formats")!;
  t.true(existsSync(folder));
  for (const name of readdirSync(folder)) {
    const known = sniffFormat(readFileSync(join(folder, name)));
    const named = /^bmp|^png-named|^jpeg-named/.test(name)
      ? sniffFormat(
          latin1(
            { b: "BM" + "\0".repeat(12) + "\x28\0\0\0", p: "\x89PNG\r\n\x1a\n", j: "\xff\xd8\xff" }[
              name[0]!
            ]!,
          ),
        )
      : formatOfExtension(/\.[^.]*$/.exec(name)?.[0] ?? ".jpg");
    if (name.endsWith(".raw")) t.is(known, undefined, name);
    else t.is(known, named, name);
  }
});
