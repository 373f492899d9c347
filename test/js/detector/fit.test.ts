import { join } from "node:path";
import test from "ava";
import { Detector, train, type Fit, type RawImage, type TrainOptions } from "../../../lib/index.js";
import { preprocess } from "../../../lib/preprocess.js";
import { verifyExport } from "../../../lib/verify/verify.js";
import { noise } from "../support/image-fixtures.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const options: TrainOptions = { imageSize: 64, epochs: 1, batchSize: 2, calibrate: false, seed: 1 };
const images = [1, 2, 3, 4].map((seed) => noise(150, 70, 3, seed));

/** An image of noise with a white square. */
function withSquare(left: number, top: number): RawImage {
  const image = noise(150, 70, 3, 9);
  const data = Uint8Array.from(image.data);
  for (let y = top; y < top + 12; y++) data.fill(255, 3 * (y * 150 + left), 3 * (y * 150 + left + 12));
  return { ...image, data };
}

/** The pixels of an image with their padding, which fill the frame. */
async function padded(image: RawImage): Promise<RawImage> {
  const { data } = await preprocess(image, 64, { fit: "pad" });
  return { data, width: 64, height: 64, channels: 3 };
}

async function trained(fit: Fit): Promise<Detector> {
  return train(images, { ...options, fit });
}

test.serial("a padded image has a map of its own proportions, and the padding does not score", async (t) => {
  await using detector = await trained("pad");
  t.is(detector.config.fit, "pad");
  const { map, score } = await detector.score(images[0]!);
  t.deepEqual([map.height, map.width, map.part], [30, 64, undefined]);
  t.is(score, Math.max(...map.data));

  // The same pixels, padded before, fill the frame.
  const whole = await detector.score(await padded(images[0]!));
  t.deepEqual([whole.map.height, whole.map.width], [64, 64]);
});

for (const loss of ["location", "global"] as const) {
  test.serial(
    `${loss}: padding counts as what is outside of a region of interest, for nothing`,
    async (t) => {
      // At the size that they have in the frame, so that nothing is resized.
      const wide = [1, 2, 3, 4].map((seed) => noise(64, 30, 3, seed));
      const [top, bottom] = [17 / 64, 47 / 64];
      const roi = { include: [[[0, top], [1, top], [1, bottom], [0, bottom]]] } as const; // prettier-ignore
      await using pads = await train(wide, { ...options, loss, epochs: 2, fit: "pad" });
      await using inside = await train(await Promise.all(wide.map(padded)), {
        ...options,
        loss,
        epochs: 2,
        roi,
      });
      t.deepEqual(pads.training!.run!.losses, inside.training!.run!.losses);
      for (const image of wide) {
        const found = await pads.score(image);
        const expected = await inside.score(await padded(image));
        t.is(found.score, expected.score);
        t.deepEqual(found.map.data, expected.map.data.slice(17 * 64, 47 * 64));
        t.deepEqual(found.image, expected.image);
      }
      // Images that need no padding are trained on and scored as ever.
      const square = [1, 2].map((seed) => noise(64, 64, 3, seed));
      await using full = await train(square, { ...options, loss, fit: "pad" });
      await using stretched = await train(square, { ...options, loss });
      t.deepEqual(full.training!.run!.losses, stretched.training!.run!.losses);
      t.deepEqual((await full.score(square[0]!)).map.data, (await stretched.score(square[0]!)).map.data);
    },
  );
}

test.serial("in one batch, each padded image has its own padding", async (t) => {
  await using detector = await trained("pad");
  const mixed = [noise(64, 30, 3, 1), noise(64, 64, 3, 2), noise(20, 64, 3, 3)];
  const scores = await detector.scoreBatch(mixed);
  for (const [i, image] of mixed.entries()) {
    const alone = await detector.score(image);
    const { map, score, image: statistics } = scores[i]!;
    t.deepEqual([map.height, map.width], [image.height, image.width]);
    t.true(Math.abs(score - alone.score) < 1e-5);
    t.true(Math.abs(statistics.brightness - alone.image.brightness) < 1e-6);
    t.true(map.data.every((value, j) => Math.abs(value - alone.map.data[j]!) < 1e-5));
  }
});

test.serial("statistics of a padded image are those of the image", async (t) => {
  await using detector = await trained("pad");
  // Stripes end in white: padded with it, the image would be brighter.
  const data = Uint8Array.from({ length: 64 * 32 * 3 }, (_, i) => {
    const y = Math.floor(i / (64 * 3));
    return y === 0 || y === 31 ? 255 : 51;
  });
  const { image } = await detector.score({ data, width: 64, height: 32, channels: 3 });
  const brightness = (2 + 30 * 0.2) / 32;
  t.true(Math.abs(image.brightness - brightness) < 1e-5, `${image.brightness}`);
  const contrast = Math.sqrt((2 * (1 - brightness) ** 2 + 30 * (0.2 - brightness) ** 2) / 32);
  t.true(Math.abs(image.contrast - contrast) < 1e-5, `${image.contrast}`);
  t.true(Math.abs(image.sharpness - (2 * 0.8) / 31 / 2 / contrast) < 1e-4, `${image.sharpness}`);
});

test.serial("an export judges padded images as its detector does", async (t) => {
  await using detector = await trained("pad");
  const path = join(await temporaryFolder(t), "pad.onnx");
  const tall = noise(40, 150, 3, 6);
  const { score } = await detector.score(tall);
  detector.setThresholds({ reject: score * 1.0001 });
  await detector.export(path, { format: "onnx", verdict: true });
  const found = await verifyExport(detector, path, [...images, tall, noise(64, 64, 3, 7)]);
  t.true(found.agrees, `${found.mapDifference} and ${found.scoreDifference}`);
  // One of other weights does not agree.
  await using other = await train(images, { ...options, fit: "pad", seed: 2 });
  t.false((await verifyExport(other, path, images)).agrees);
});

test.serial("a cropped image has the map of its centre, which says where it lies", async (t) => {
  await using detector = await trained("crop");
  const { map, score } = await detector.score(images[0]!);
  t.deepEqual([map.height, map.width], [64, 64]);
  t.deepEqual(map.part, { left: 40 / 150, top: 0, width: 70 / 150, height: 1 });
  const { data } = await preprocess(images[0]!, 64, { fit: "crop" });
  const cropped = await detector.score({ data, width: 64, height: 64, channels: 3 });
  t.is(cropped.map.part, undefined);
  t.true(Math.abs(cropped.score - score) < 0.02);
});

for (const fit of ["stretch", "pad", "crop"] as const) {
  test.serial(`${fit}: maps at the image's size and regions lie where the defect is`, async (t) => {
    // A random teacher finds the square with some seeds only.
    await using detector = await train(images, { ...options, epochs: 8, seed: 2, fit });
    const [left, top] = [70, 30];
    detector.setThresholds({ reject: 0, review: 0, outline: 0 });
    const { map } = await detector.score(withSquare(left, top), { map: "original" });
    t.deepEqual([map.height, map.width, map.part], [70, 150, undefined]);
    const { score } = await detector.score(withSquare(left, top));
    detector.setThresholds({ reject: 0.9 * score, outline: 0.8 * score });
    const { regions } = await detector.score(withSquare(left, top), { regions: true });
    const { x, y } = regions[0]!.peak;
    t.true(Math.abs(x - (left + 6)) < 12 && Math.abs(y - (top + 6)) < 12, `peak at ${x}, ${y}`);
    if (fit === "crop") t.true(map.data.subarray(0, 40).every((value) => value === 0));
  });
}

test.serial("the model file, its copies and older files keep what a model does", async (t) => {
  const folder = await temporaryFolder(t);
  await using detector = await trained("crop");
  const path = join(folder, "crop.safetensors");
  await detector.save(path, { precision: "float16" });
  await using loaded = await Detector.load(path);
  t.is(loaded.config.fit, "crop");
  t.deepEqual((await loaded.score(images[0]!)).map.part, (await detector.score(images[0]!)).map.part);
});
