import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import sharp from "sharp";
import { decodeImage } from "../../../lib/image/decode.js";
import type { ImageInput, RawImage } from "../../../lib/index.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

const folder = mkdtempSync(join(tmpdir(), "images-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const rgb = noise(30, 20, 3);
const grey = noise(30, 20, 1);
const rgba = noise(30, 20, 4);

function samePixels(a: RawImage, b: RawImage): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.channels === b.channels &&
    Buffer.from(a.data).equals(Buffer.from(b.data))
  );
}

test("lossless RGB files give their pixels: PNG, WebP, TIFF", async (t) => {
  const image = encoder(rgb);
  for (const bytes of [
    await image.clone().png().toBuffer(),
    await image.clone().webp({ lossless: true }).toBuffer(),
    await image.clone().tiff({ compression: "lzw" }).toBuffer(),
  ]) {
    t.true(samePixels(await decodeImage(bytes), rgb));
  }
});

test("a path, a file: URL, a Buffer and a Uint8Array give the same", async (t) => {
  const path = join(folder, "with space.png");
  await encoder(rgb).png().toFile(path);
  const inputs: ImageInput[] = [
    path,
    pathToFileURL(path),
    readFileSync(path),
    new Uint8Array(readFileSync(path)),
  ];
  for (const input of inputs) t.true(samePixels(await decodeImage(input), rgb));
});

test("grey stays one channel", async (t) => {
  const bytes = await encoder(grey).toColourspace("b-w").png().toBuffer();
  t.true(samePixels(await decodeImage(bytes), grey));
});

test("alpha is dropped, the colours under it stay", async (t) => {
  const bytes = await encoder(rgba).png().toBuffer();
  const colours = rgba.data.filter((_, index) => index % 4 !== 3);
  t.true(samePixels(await decodeImage(bytes), { ...rgba, data: colours, channels: 3 }));
});

test("16 bits stay 16, and a depth that the file states is told", async (t) => {
  const values = Uint16Array.from({ length: 600 }, (_, index) => (index * 109) % 65536);
  const image = sharp(values, { raw: { width: 30, height: 20, channels: 1 } });
  const bytes = await image.toColourspace("grey16").png().toBuffer();
  t.is((await sharp(bytes).metadata()).depth, "ushort");
  t.deepEqual(await decodeImage(bytes), { data: values, width: 30, height: 20, channels: 1 });
  const twelve = Buffer.concat([Buffer.from("P5 2 1 4095\n"), Buffer.of(0, 7, 0x0f, 0xff)]);
  const expected = { data: Uint16Array.of(7, 4095), width: 2, height: 1, channels: 1 as const, depth: 12 };
  t.deepEqual(await decodeImage(twelve), expected);
});

test("CMYK is converted to RGB", async (t) => {
  const red = sharp({ create: { width: 30, height: 20, channels: 3, background: "#ff0000" } });
  const bytes = await red.toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
  t.is((await sharp(bytes).metadata()).space, "cmyk");
  const { channels, data } = await decodeImage(bytes);
  t.is(channels, 3);
  const [r, g, b] = data as unknown as [number, number, number];
  t.true(r > 200 && g < 80 && b < 80, `red is (${r}, ${g}, ${b})`);
});

test("the EXIF orientation is not applied", async (t) => {
  const bytes = await encoder(rgb).withMetadata({ orientation: 6 }).png().toBuffer();
  t.is((await sharp(bytes).metadata()).orientation, 6);
  t.true(samePixels(await decodeImage(bytes), rgb));
});

test("a colour profile is not applied", async (t) => {
  const bytes = await encoder(rgb).png().withIccProfile("p3").toBuffer();
  const { data, info } = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true });
  const kept = { data, width: info.width, height: info.height, channels: 3 as const };
  t.true((await sharp(bytes).metadata()).hasProfile);
  t.false(samePixels(kept, rgb), "the profile changed the file's values, or the test says nothing");
  t.true(samePixels(await decodeImage(bytes), kept));
});

test("an animated image is refused", async (t) => {
  const frames = [
    await encoder(rgb).png().toBuffer(),
    await encoder(noise(30, 20, 3, 2))
      .png()
      .toBuffer(),
  ];
  const bytes = await sharp(frames, { join: { animated: true } })
    .gif()
    .toBuffer();
  await rejects(t, decodeImage(bytes), "INVALID_IMAGE", /has 2 frames or pages/);
});

test("a truncated image is refused, by its path", async (t) => {
  const big = encoder(noise(100, 100, 3));
  for (const [name, bytes] of [
    ["a.png", await big.clone().png().toBuffer()],
    ["a.jpg", await big.clone().jpeg().toBuffer()],
    ["a.webp", await big.clone().webp().toBuffer()],
    ["a.tif", await big.clone().tiff({ compression: "none" }).toBuffer()],
    ["a.gif", await big.clone().gif().toBuffer()],
  ] as const) {
    const path = join(folder, name);
    writeFileSync(path, bytes.subarray(0, bytes.length / 2));
    const error = await rejects(t, decodeImage(path), "INVALID_IMAGE");
    t.true(error?.message.startsWith(`${path} cannot be decoded: `), error?.message);
  }
});

test("what is no image, or no image of pixels, is refused", async (t) => {
  await rejects(
    t,
    decodeImage(Buffer.from("not an image")),
    "INVALID_IMAGE",
    /encoded image of 12 bytes is not in a known image format; supported formats are PNG, JPEG,/,
  );
  await rejects(t, decodeImage(Buffer.alloc(0)), "INVALID_IMAGE", /is empty/);
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
  await rejects(
    t,
    decodeImage(Buffer.from(svg)),
    "INVALID_IMAGE",
    /is SVG, which is not supported; render it to PNG/,
  );
  await rejects(
    t,
    decodeImage(3 as unknown as ImageInput),
    "INVALID_ARGUMENT",
    /an image must be a path, .* got 3/,
  );
});

test("a path that leads nowhere is NOT_FOUND, a folder is IO", async (t) => {
  await rejects(t, decodeImage(join(folder, "none.png")), "NOT_FOUND", /none\.png: no such file/);
  await rejects(t, decodeImage(folder), "IO", /it is a folder/);
});

test("raw pixels are taken as they are, in the memory they are in", async (t) => {
  const within = new Uint8ClampedArray(new ArrayBuffer(100), 10, 48);
  const image = await decodeImage({ data: within, width: 4, height: 4, channels: 3 });
  t.is(image.data, within);
});

const badRaw: [title: string, image: unknown, code: "INVALID_IMAGE" | "INVALID_ARGUMENT", message: RegExp][] =
  [
    [
      "0 x 0 pixels",
      { data: new Uint8Array(0), width: 0, height: 0, channels: 3 },
      "INVALID_IMAGE",
      /0 x 0 .* from 1/,
    ],
    ["a fractional width", { ...rgb, width: 1.5 }, "INVALID_IMAGE", /whole numbers/],
    ["2 channels", { ...rgb, channels: 2 }, "INVALID_IMAGE", /1 \(grey\), 3 \(RGB\) or 4/],
    ["too little data", { ...rgb, height: 21 }, "INVALID_IMAGE", /needs 1890 bytes, but its data has 1800/],
    [
      "data of floats",
      { ...rgb, data: new Float32Array(1800) },
      "INVALID_ARGUMENT",
      /must be a Uint8Array, Uint8ClampedArray or Uint16Array; got Float32Array/,
    ],
    [
      "shared memory",
      { ...grey, data: new Uint8Array(new SharedArrayBuffer(600)) },
      "INVALID_ARGUMENT",
      /got a SharedArrayBuffer. Copy it/,
    ],
    [
      "resizable memory",
      {
        ...grey,
        data: new Uint8Array(new (ArrayBuffer as ResizableArrayBuffer)(600, { maxByteLength: 700 })),
      },
      "INVALID_ARGUMENT",
      /got a resizable ArrayBuffer/,
    ],
  ];
type ResizableArrayBuffer = new (length: number, options: { maxByteLength: number }) => ArrayBuffer;

for (const [title, image, code, message] of badRaw) {
  test(`a raw image with ${title} is refused`, async (t) => {
    await rejects(t, decodeImage(image as RawImage), code, message);
  });
}

test("raw pixels whose memory was transferred away are refused", async (t) => {
  const { data, ...rest } = noise(30, 20, 3);
  structuredClone(data, { transfer: [data.buffer as ArrayBuffer] });
  await rejects(
    t,
    decodeImage({ data, ...rest }),
    "INVALID_IMAGE",
    /has 0 \(was its ArrayBuffer transferred/,
  );
});
