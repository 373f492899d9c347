import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { Detector, train, type RawImage, type Score, type TrainOptions } from "../../../lib/index.js";
import { noise } from "../support/image-fixtures.js";
import { holds } from "./property.js";

process.removeAllListeners("warning");

const folder = mkdtempSync(join(tmpdir(), "detectors-"));
const images = [1, 2, 3].map((seed) => noise(40, 30, 3, seed));
let detector: Detector;

test.before(async () => {
  detector = await train(images, { imageSize: 64, epochs: 1, device: "cpu", precision: "float32" });
});
test.after.always(async () => {
  await detector.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const sides = fc.constantFrom(32, 64, 96);
const model: fc.Arbitrary<TrainOptions> = fc.record({
  imageSize: fc.tuple(sides, sides),
  layers: fc.subarray([1, 2, 3] as const, { minLength: 1 }).map((layers) => [...layers]),
  combine: fc.constantFrom("sum", "product"),
  sigma: fc.double({ min: 0.5, max: 8, noNaN: true }),
  normalisation: fc.constantFrom("imagenet", "none"),
  layout: fc.constantFrom("paper", "official"),
  loss: fc.constantFrom("location", "global"),
  seed: fc.nat(),
});

const image: fc.Arbitrary<RawImage> = fc
  .tuple(
    fc.integer({ min: 1, max: 90 }),
    fc.integer({ min: 1, max: 90 }),
    fc.constantFrom<1 | 3 | 4>(1, 3, 4),
    fc.nat(),
  )
  .map(([width, height, channels, seed]) => noise(width, height, channels, seed + 1));

const equal = (a: Score, b: Score): boolean =>
  a.score === b.score &&
  Buffer.from(a.map.data.buffer, a.map.data.byteOffset, a.map.data.byteLength).equals(
    Buffer.from(b.map.data.buffer, b.map.data.byteOffset, b.map.data.byteLength),
  );

test.serial("a detector that is saved and loaded is the same and scores the same", (t) =>
  holds(
    t,
    4,
    fc.asyncProperty(model, image, async (options, probe) => {
      const path = join(folder, "model.safetensors");
      await using trained = await train(images, { ...options, epochs: 1, batchSize: 2, device: "cpu" });
      await trained.save(path);
      await using loaded = await Detector.load(path, { device: "cpu" });
      t.deepEqual(loaded.config, trained.config);
      t.deepEqual(loaded.training, trained.training);
      return equal(await loaded.score(probe), await trained.score(probe));
    }),
  ),
);

test.serial("a batch gives the scores of its images one by one", (t) =>
  holds(
    t,
    20,
    fc.asyncProperty(
      fc.array(image, { maxLength: 5 }),
      fc.integer({ min: 1, max: 5 }),
      async (batch, batchSize) => {
        const together = await detector.scoreBatch(batch, { batchSize });
        const singles = await detector.scoreBatch(batch, { batchSize: 1 });
        t.is(together.length, batch.length);
        return together.every(({ score, map }, i) => {
          const single = singles[i]!;
          // Kernels for batches may round differently.
          const close = map.data.every((value, at) => Math.abs(value - single.map.data[at]!) < 1e-5);
          return close && Math.abs(score - single.score) < 1e-5;
        });
      },
    ),
  ),
);

test.serial("a score is finite, and the largest value of a map of the model's size", (t) =>
  holds(
    t,
    20,
    fc.asyncProperty(image, async (probe) => {
      const { score, map } = await detector.score(probe);
      return (
        Number.isFinite(score) &&
        map.height === 64 &&
        map.width === 64 &&
        score === map.data.reduce((max, value) => Math.max(max, value), -Infinity)
      );
    }),
  ),
);

test.serial("grey counts as RGB of equal values, and alpha does not count", (t) =>
  holds(
    t,
    20,
    fc.asyncProperty(image, fc.nat(255), async (probe, alpha) => {
      const { data, width, height, channels } = probe;
      const pixels = Array.from({ length: width * height }, (_, pixel) =>
        [0, 1, 2].map((channel) => data[pixel * channels + (channels === 1 ? 0 : channel)]!),
      );
      const rgb: RawImage = { data: Uint8Array.from(pixels.flat()), width, height, channels: 3 };
      const rgba: RawImage = {
        data: Uint8Array.from(pixels.flatMap((pixel) => [...pixel, alpha])),
        width,
        height,
        channels: 4,
      };
      const found = await detector.score(probe);
      return equal(found, await detector.score(rgb)) && equal(found, await detector.score(rgba));
    }),
  ),
);
