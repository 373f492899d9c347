import { join } from "node:path";
import test from "ava";
import { Detector, train, type Fit, type RawImage, type TrainOptions } from "../../../lib/index.js";
import { preprocess } from "../../../lib/preprocess.js";
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
  const { data } = await preprocess(images[0]!, 64, { fit: "pad" });
  const whole = await detector.score({ data, width: 64, height: 64, channels: 3 });
  t.deepEqual([whole.map.height, whole.map.width], [64, 64]);
  for (let i = 0; i < map.data.length; i++)
    t.true(Math.abs(map.data[i]! - whole.map.data[17 * 64 + i]!) < 0.02, `value ${i}`);
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
    await using detector = await trained(fit);
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
