import { join } from "node:path";
import test from "ava";
import { Detector, findRegions, resizeMap, train, type ScoreOptions } from "../../../lib/index.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

let detector: Detector;
/** An image of 150 x 90, of which the detector sees 64 x 64. */
const image = noise(150, 90, 3, 5);
const imageSize = [90, 150] as const;
let png: Buffer;
let thresholds: { reject: number; review: number; outline: number };

test.before(async () => {
  detector = await train([noise(64, 64, 3, 1), noise(64, 64, 3, 2)], {
    imageSize: 64,
    epochs: 1,
    device: "cpu",
  });
  png = await encoder(image).png().toBuffer();
  // Between the map's values, so that there are several regions or at least one.
  const { map } = await detector.score(image);
  const values = Float32Array.from(map.data).sort();
  const [outline, reject] = [
    values[Math.floor(values.length * 0.7)]!,
    values[Math.floor(values.length * 0.9)]!,
  ];
  thresholds = { reject, review: outline, outline };
});
test.after.always(() => detector?.dispose());

/** Runs with the thresholds in force. */
async function withThresholds<T>(work: () => Promise<T>): Promise<T> {
  detector.setThresholds(thresholds);
  return work();
}

test.serial("without thresholds there are no regions, but an error that says what to do", async (t) => {
  detector.setThresholds(null);
  const message = /^The detector is not calibrated\. Calibrate it/;
  await rejects(t, detector.score(image, { regions: true }), "NOT_CALIBRATED", message);
  await rejects(t, detector.scoreBatch([image], { regions: {} }), "NOT_CALIBRATED", message);
  const { map, regions } = await detector.score(image, { map: "original" });
  t.deepEqual([map.height, map.width, regions], [90, 150, undefined]);
});

test.serial(
  "regions are those of the map between the thresholds, in pixels of the image as it was given",
  (t) =>
    withThresholds(async () => {
      const { map } = await detector.score(image);
      const { reject: seed, outline } = thresholds;
      const expected = await findRegions(map, { seed, outline, imageSize });
      t.true(expected.length > 0);
      t.deepEqual((await detector.score(image, { regions: true })).regions, expected);
      // Decoded, and shrunk before it is scored.
      t.deepEqual((await detector.score(png, { regions: true })).regions, expected);
      for (const { regions } of await detector.scoreBatch([png, image], { regions: true, batchSize: 1 }))
        t.deepEqual(regions, expected);
      for (const { box } of expected) {
        t.true(box.left >= 0 && box.top >= 0);
        t.true(box.left + box.width <= 150 + 1e-9 && box.top + box.height <= 90 + 1e-9);
      }
      t.is((await detector.score(image)).regions, undefined);
      t.is((await detector.score(image, { regions: false })).regions, undefined);
    }),
);

test.serial("limits of regions are passed on", (t) =>
  withThresholds(async () => {
    const regionsOf = async (regions: ScoreOptions["regions"]) =>
      (await detector.score(image, { regions: regions! })).regions!;
    const all = await regionsOf(true);
    t.deepEqual(await regionsOf({ maxCount: 1 }), all.slice(0, 1));
    t.deepEqual(await regionsOf({ minArea: 1e9 }), []);
    const refused = (regions: unknown, message: RegExp) =>
      rejects(t, detector.score(image, { regions } as ScoreOptions), "INVALID_ARGUMENT", message);
    await refused({ minArea: 0 }, /^regions\.minArea must be a number above 0/);
    await refused({ seed: 1 }, /^regions has an unknown key "seed"/);
    await refused("all", /^regions must be true, false or \{ minArea, maxCount \}/);
  }),
);

test.serial("there is a region if and only if the part is rejected", (t) =>
  withThresholds(async () => {
    const { score } = await detector.score(image);
    for (const [reject, verdict, count] of [
      [score, "reject", 1],
      [score * (1 + 1e-6), "accept", 0],
    ] as const) {
      detector.setThresholds({ reject, review: reject, outline: reject });
      const result = await detector.score(image, { regions: true });
      t.is(result.verdict, verdict);
      t.is(result.regions.length, count);
    }
  }),
);

test.serial("a map of the image's size is the detector's map, resized", (t) =>
  withThresholds(async () => {
    const { map, score } = await detector.score(image);
    const expected = await resizeMap(map, { imageSize });
    for (const given of [image, png]) {
      const original = await detector.score(given, { map: "original", regions: true });
      t.deepEqual([original.map.height, original.map.width], [90, 150]);
      t.deepEqual(original.map.data, expected.data);
      t.is(original.score, score);
      t.true(original.regions.length > 0);
    }
    const [first] = await detector.scoreBatch([png], { map: "original" });
    t.deepEqual(first!.map, expected);
    const refused = detector.score(image, { map: "image" } as unknown as ScoreOptions);
    await rejects(t, refused, "INVALID_ARGUMENT", /^map must be "model" or "original"; got 'image'/);
  }),
);

test.serial("thresholds of a saved detector give the same regions", (t) =>
  withThresholds(async () => {
    const path = join(await temporaryFolder(t), "model.safetensors");
    await detector.save(path);
    await using loaded = await Detector.load(path, { device: "cpu" });
    const [before, after] = await Promise.all(
      [detector, loaded].map((each) => each.score(png, { regions: true })),
    );
    t.deepEqual(after!.regions, before!.regions);
  }),
);
