import { openAsBlob, createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import test from "ava";
import sharp from "sharp";
import { decodeImage, type ImageInput } from "../../../lib/image/decode.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

const folder = mkdtempSync(join(tmpdir(), "image-inputs-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const picture = noise(30, 20, 3);
const path = join(folder, "picture.png");
// Tests are declared before anything is awaited.
let png = Buffer.alloc(0);
test.before(async () => {
  png = await encoder(picture).png().toBuffer();
  writeFileSync(path, png);
});

test("encoded bytes are taken in whatever holds them", async (t) => {
  const within = new Uint8Array(png.length + 20);
  within.set(png, 10);
  const shared = new Uint8Array(new SharedArrayBuffer(png.length));
  shared.set(png);
  const copy = Uint8Array.from(png);
  const inputs: ImageInput[] = [
    png,
    within.subarray(10, 10 + png.length),
    shared,
    copy.buffer,
    new Blob([copy]),
    new File([copy], "picture.png"),
    await openAsBlob(path),
  ];
  for (const input of inputs) {
    const { data, width, height, channels } = await decodeImage(input);
    t.deepEqual([width, height, channels], [30, 20, 3]);
    t.true(Buffer.from(data).equals(Buffer.from(picture.data)));
  }
});

const given: [title: string, input: () => unknown, message: RegExp][] = [
  ["a Response", () => new Response("x"), /got a Response: pass await response\.arrayBuffer\(\)/],
  [
    "a stream of Node.js",
    () => Readable.from(["x"]),
    /got a stream: pass await buffer\(stream\), of "node:stream\/consumers"/,
  ],
  ["a stream of the web", () => new Blob(["x"]).stream(), /got a stream/],
  ["a promise", () => Promise.resolve("x"), /got a promise: await it/],
  ["a sharp image", () => sharp(png), /got a (stream|sharp image)/],
  [
    "a shared ArrayBuffer",
    () => new SharedArrayBuffer(9),
    /got a shared ArrayBuffer: pass new Uint8Array\(buffer\)/,
  ],
  [
    "a Uint16Array",
    () => new Uint16Array(9),
    /got a view of another type than Uint8Array: pass new Uint8Array\(view\.buffer/,
  ],
  ["a list of numbers", () => [1, 2, 3], /got a list: pass one image/],
  ["an object of other keys", () => ({ pixels: png, w: 3 }), /got an object with the keys: pixels, w\.$/],
  ["null", () => null, /got null/],
  ["a function", () => () => 1, /got \[Function/],
  [
    "a web address",
    () => "https://example.com/a.png",
    /got a web address: pass await \(await fetch\(address\)\)\.arrayBuffer\(\)/,
  ],
  ["a URL of the web", () => new URL("http://example.com/a.png"), /got a web address/],
  [
    "a data: URL",
    () => `data:image/png;base64,${png.toString("base64")}`,
    /got a data: URL: pass Buffer\.from\(/,
  ],
  [
    "base64",
    () => png.toString("base64"),
    /got a text of \d+ characters: pass Buffer\.from\(text, "base64"\)/,
  ],
  ["a text that no path is as long as", () => "x/".repeat(3000), /got a text of 6000 characters/],
];
for (const [title, input, message] of given) {
  test(`${title} is answered with what to do, and without its content`, async (t) => {
    const error = await rejects(t, decodeImage(input() as ImageInput), "INVALID_ARGUMENT", message);
    t.regex(
      error!.message,
      /^an image must be a path, encoded bytes or \{ data, width, height, channels \}; got .{1,200}$/,
    );
    t.false(error!.message.includes("iVBOR"));
  });
}

test("an open file and a stream of one are answered with what to do", async (t) => {
  const handle = await open(path);
  await rejects(
    t,
    decodeImage(handle as unknown as ImageInput),
    "INVALID_ARGUMENT",
    /got a file handle: pass await handle\.readFile\(\)/,
  );
  await handle.close();
  const stream = createReadStream(path);
  await rejects(t, decodeImage(stream as unknown as ImageInput), "INVALID_ARGUMENT", /got a stream/);
  stream.destroy();
});

test("the ImageData of a canvas is told how to be passed", async (t) => {
  const image = { data: new Uint8ClampedArray(16), width: 2, height: 2, colorSpace: "srgb" };
  await rejects(
    t,
    decodeImage(image as unknown as ImageInput),
    "INVALID_ARGUMENT",
    /ImageData of a canvas; pass \{ data, width, height, channels: 4 \} of it/,
  );
});

test("an ArrayBuffer that was transferred away is empty", async (t) => {
  const { buffer } = Uint8Array.from(png);
  structuredClone(buffer, { transfer: [buffer] });
  await rejects(t, decodeImage(buffer), "INVALID_IMAGE", /is empty/);
});

test("pixels never come in a message", async (t) => {
  const data = new Float32Array(600).fill(54_321);
  const error = await rejects(
    t,
    decodeImage({ ...picture, data } as unknown as ImageInput),
    "INVALID_ARGUMENT",
  );
  t.false(error!.message.includes("54321"));
});

test("a side has no limit but memory's", async (t) => {
  const long = await sharp({ create: { width: 70_000, height: 3, channels: 3, background: "#123456" } })
    .png()
    .toBuffer();
  const { data, width, height } = await decodeImage(long);
  t.deepEqual([width, height, ...data.subarray(-3)], [70_000, 3, 0x12, 0x34, 0x56]);
  const raw = { data: new Uint8Array(140_000), width: 70_000, height: 2, channels: 1 } as const;
  t.is((await decodeImage(raw)).width, 70_000);
});
