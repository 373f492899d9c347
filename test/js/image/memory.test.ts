import test from "ava";
import { seededImages } from "../../../bench/parity/inputs.js";
import { train, type RawImage } from "../../../lib/index.js";
import { rejects } from "../support/rejection.js";

const images = seededImages(2, [64, 64]);
const settings = { imageSize: 64, epochs: 1, batchSize: 2, device: "cpu" } as const;

test("an image in the detector's memory scores as any other, as often as it is filled in", async (t) => {
  await using detector = await train(images, settings);
  const image = detector.allocateImage(64, 64);
  t.deepEqual([image.width, image.height, image.channels, image.data.length], [64, 64, 3, 64 * 64 * 3]);
  for (const { data } of images) {
    image.data.set(data);
    const [here, there] = [await detector.score(image), await detector.score({ ...image, data })];
    t.is(here.score, there.score);
    t.deepEqual(here.map.data, there.map.data);
  }
  const grey: RawImage = detector.allocateImage(20, 30, 1);
  grey.data.fill(7);
  t.true(Number.isFinite((await detector.score(grey)).score));
});

test("memory of a size that is none is refused, and so is that of a detector that was disposed of", async (t) => {
  const detector = await train(images, settings);
  const allocate = (...sizes: number[]) => detector.allocateImage(...(sizes as [number, number, 3?]));
  t.throws(() => allocate(0, 64), { code: "INVALID_ARGUMENT", message: /width/ });
  t.throws(() => allocate(64, 1.5), { code: "INVALID_ARGUMENT", message: /height/ });
  t.throws(() => allocate(64, 64, 2), { code: "INVALID_ARGUMENT", message: /channels must be 1, 3 or 4/ });
  const image = detector.allocateImage(64, 64);
  await detector.dispose();
  t.throws(() => allocate(64, 64), { code: "DISPOSED" });
  image.data.fill(1);
  await rejects(t, detector.score(image), "DISPOSED");
});
