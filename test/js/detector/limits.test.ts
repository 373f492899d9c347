import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import { seededImages } from "../../../bench/parity/inputs.js";
import { train, type Detector } from "../../../lib/index.js";
import { writeBmp } from "../image/bmp-files.js";
import { rejects } from "../support/rejection.js";

const folder = mkdtempSync(join(tmpdir(), "limits-"));
const quick = { imageSize: 32, epochs: 1, batchSize: 4, device: "cpu" } as const;
const image = join(folder, "image.png");
const small = join(folder, "small.png");
let detector: Detector;

process.removeAllListeners("warning");
test.before(async () => {
  await sharp({ create: { width: 40, height: 30, channels: 3, background: "#808890" } })
    .png()
    .toFile(image);
  await sharp({ create: { width: 4, height: 3, channels: 3, background: "#808890" } })
    .png()
    .toFile(small);
  detector = await train(seededImages(4, [32, 32]), quick);
});
test.after.always(async () => {
  await detector.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test("whatever decodes an image takes maxPixels", async (t) => {
  const limits = { maxPixels: 1199 };
  const dataset = { train: [image], test: [{ image, label: "good" }], unusedMasks: [] };
  const test = [{ image: small, label: "bad", mask: image }];
  const calls: Record<string, (options: { maxPixels: number }) => Promise<unknown>> = {
    score: (options) => detector.score(image, options),
    scoreBatch: (options) => detector.scoreBatch([image], options),
    evaluate: (options) => detector.evaluate(dataset, options),
    "evaluate, a mask": (options) => detector.evaluate({ ...dataset, test }, options),
    train: (options) => train([image, image], { ...quick, ...options }).then((trained) => trained.dispose()),
  };
  for (const [name, call] of Object.entries(calls)) {
    await rejects(t, call(limits), "INVALID_IMAGE", /has 40 x 30 pixels, 1200; maxPixels allows 1199/);
    await t.notThrowsAsync(call({ maxPixels: 1200 }), name);
    await rejects(
      t,
      call({ maxPixels: 0 }),
      "INVALID_ARGUMENT",
      /maxPixels must be a whole number from 1 to 4294967296/,
    );
  }
});

test("more images than any batch can be scored with one Promise.all, and those that cannot be read fail alone", async (t) => {
  const pipe = join(folder, "pipe.png");
  execFileSync("mkfifo", [pipe]);
  const images = Array.from({ length: 300 }, (_, i) =>
    i === 7 ? join(folder, "none.png") : i === 99 ? pipe : image,
  );
  const outcomes = await Promise.allSettled(images.map((each) => detector.score(each)));
  const failures = outcomes.flatMap((outcome, i) =>
    outcome.status === "rejected" ? [[i, (outcome.reason as { code: string }).code]] : [],
  );
  t.deepEqual(failures, [
    [7, "NOT_FOUND"],
    [99, "IO"],
  ]);
});

test("bytes stay their owner's, whatever memory decoding and shrinking free", async (t) => {
  const pixels = Buffer.alloc(40 * 30 * 3, 100);
  const files = [
    await sharp(image).toBuffer(),
    await sharp(image).jpeg().toBuffer(),
    await sharp(image).tiff().toBuffer(),
    Buffer.concat([Buffer.from("P6 40 30 255\n"), pixels]),
    writeBmp({ width: 40, height: 30, bits: 24, rows: pixels }),
  ];
  for (const file of files) {
    const bytes = Uint8Array.from(file);
    const [first] = await detector.scoreBatch([bytes]);
    t.deepEqual(bytes, Uint8Array.from(file));
    t.is((await detector.score(bytes)).score, first!.score);
  }
  const raw = { data: Uint8Array.from(pixels), width: 40, height: 30, channels: 3 } as const;
  await detector.score(raw);
  t.deepEqual(raw.data, Uint8Array.from(pixels));
});
