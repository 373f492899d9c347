import { execFileSync } from "node:child_process";
import { join } from "node:path";
import sharp from "sharp";
import test from "ava";
import { findPython } from "../../../bench/reference.js";
import { Detector, train, type RawImage, type TrainOptions } from "../../../lib/index.js";
import { verifyExport } from "../../../lib/verify/verify.js";
import { noise } from "../support/image-fixtures.js";
import { testWithTorch } from "../support/python.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

process.removeAllListeners("warning");

const options: TrainOptions = {
  imageSize: 64,
  tiles: { size: 64, overlap: 16 },
  epochs: 1,
  batchSize: 4,
  calibrate: false,
  seed: 1,
};
const images = [1, 2, 3].map(faint);

/** A grey image of faint noise. */
function faint(seed: number): RawImage {
  const image = noise(200, 120, 3, seed);
  return { ...image, data: Uint8Array.from(image.data, (value) => 96 + value / 8) };
}

/** One with a white square. */
function withSquare(left: number, top: number): RawImage {
  const image = faint(9);
  const data = Uint8Array.from(image.data);
  for (let y = top; y < top + 12; y++) data.fill(255, 3 * (y * 200 + left), 3 * (y * 200 + left + 12));
  return { ...image, data };
}

async function asPng(folder: string, { data, width, height }: RawImage): Promise<string> {
  const path = join(folder, `${width}x${height}-${data[0]}.png`);
  await sharp(data as Uint8Array, { raw: { width, height, channels: 3 } }).toFile(path);
  return path;
}

test.serial("the map has a pixel for each of the image, and the score is its largest value", async (t) => {
  const folder = await temporaryFolder(t);
  await using detector = await train(images, options);
  t.deepEqual(detector.config.tiles, { size: [64, 64], overlap: 16 });
  const { map, score } = await detector.score(images[0]!);
  t.deepEqual([map.height, map.width, map.part], [120, 200, undefined]);
  t.is(
    score,
    map.data.reduce((most, value) => Math.max(most, value)),
  );

  const fromFile = await detector.score(await asPng(folder, images[0]!));
  t.deepEqual(fromFile.map.data, map.data);
  t.deepEqual(fromFile.image, (await detector.score(images[0]!)).image);
  const batch = await detector.scoreBatch([images[1]!, images[0]!, noise(64, 64, 3, 5)]);
  t.deepEqual(batch[1]!.map.data, map.data);
  t.deepEqual([batch[2]!.map.height, batch[2]!.map.width], [64, 64]);
});

test.serial("tiles of another size than the model's give maps of their own scale", async (t) => {
  const folder = await temporaryFolder(t);
  await using detector = await train(images, { ...options, tiles: { size: [96, 128] } });
  const { map } = await detector.score(images[0]!);
  t.deepEqual([map.height, map.width], [80, 100]);
  // A file is brought to this size before it waits for its turn.
  const { map: fromFile } = await detector.score(await asPng(folder, images[0]!));
  t.deepEqual(fromFile.data, map.data);
  const { map: original } = await detector.score(images[0]!, { map: "original" });
  t.deepEqual([original.height, original.width], [120, 200]);
});

test.serial("regions lie where the defect is, in pixels of the image", async (t) => {
  for (const size of [64, 100]) {
    await using detector = await train(images, { ...options, tiles: { size, overlap: 16 }, epochs: 4 });
    for (const [left, top] of [
      [5, 5],
      [150, 40],
      [94, 100],
    ] as const) {
      const { score } = await detector.score(withSquare(left, top));
      detector.setThresholds({ reject: 0.95 * score, outline: 0.9 * score });
      const { regions, verdict } = await detector.score(withSquare(left, top), { regions: true });
      t.is(verdict, "reject");
      const { x, y } = regions[0]!.peak;
      t.true(Math.abs(x - left - 6) < 24 && Math.abs(y - top - 6) < 24, `${size}: peak at ${x}, ${y}`);
    }
  }
});

test.serial(
  "thresholds are calibrated on whole images that are held out, and survive in the file",
  async (t) => {
    const folder = await temporaryFolder(t);
    const many = Array.from({ length: 40 }, (_, seed) => noise(100, 64, 3, seed));
    await using detector = await train(many, {
      ...options,
      tiles: { size: 48, overlap: 8 },
      calibrate: { falseAlarms: 0.1, review: 0.2 },
    });
    t.is(detector.calibration?.scores.length, 20);
    // What was held out scores as it does from its own pixels.
    const scores = (await detector.scoreBatch(many)).map(({ score }) => score);
    for (const score of detector.calibration!.scores) t.true(scores.includes(score));
    const path = join(folder, "model.safetensors");
    await detector.save(path);
    await using loaded = await Detector.load(path);
    t.deepEqual(loaded.config.tiles, detector.config.tiles);
    t.deepEqual(loaded.thresholds, detector.thresholds);
    t.is((await loaded.score(many[0]!)).score, scores[0]!);
  },
);

test.serial("a training is resumed from its checkpoint with the same bits", async (t) => {
  const folder = await temporaryFolder(t);
  const checkpoint = join(folder, "checkpoint.safetensors");
  const paper = { ...options, recipe: "paper" } as const;
  await using whole = await train(images, { ...paper, epochs: 2 });
  await using first = await train(images, { ...paper, epochs: 1, checkpoint: { path: checkpoint } });
  t.not((await first.score(images[0]!)).score, (await whole.score(images[0]!)).score);
  await using resumed = await train(images, {
    ...paper,
    epochs: 2,
    checkpoint: { path: checkpoint },
    resume: true,
  });
  t.deepEqual((await resumed.score(images[0]!)).map.data, (await whole.score(images[0]!)).map.data);
  await rejects(
    t,
    train(images, {
      ...paper,
      tiles: { size: 64, overlap: 20 },
      epochs: 3,
      checkpoint: { path: checkpoint },
      resume: true,
    }),
    "INVALID_ARGUMENT",
    /tiles is 64 x 64 pixels of the image, overlapping by 16 there and/,
  );
});

test.serial("an image that is smaller than a tile is named", async (t) => {
  const folder = await temporaryFolder(t);
  const small = await asPng(folder, noise(200, 63, 3, 1));
  const refused = [
    "INVALID_IMAGE",
    /63\S*\.png has 200 x 63 pixels, and tiles of 64 x 64 do not fit/,
  ] as const;
  await rejects(t, train([...images, small], options), ...refused);
  await using detector = await train(images, options);
  await rejects(t, detector.score(small), ...refused);
  await rejects(t, detector.scoreBatch([images[0]!, small]), ...refused);
  await rejects(t, detector.calibrate([faint(4), small]), ...refused);
  await rejects(
    t,
    detector.score(noise(63, 64, 3, 1)),
    "INVALID_IMAGE",
    /^A raw image of 63 x 64 has 63 x 64 pixels/,
  );
  // The queue goes on.
  t.is((await detector.score(images[0]!)).map.width, 200);
});

test.serial("an aborted call ends, and leaves the detector usable", async (t) => {
  await using detector = await train(images, options);
  const controller = new AbortController();
  const large = detector.score(noise(1200, 1200, 3, 1), { signal: controller.signal });
  setTimeout(() => controller.abort(), 100);
  await rejects(t, large, "ABORTED");
  t.is((await detector.score(images[0]!)).map.width, 200);
});

test.serial(
  "with a region of interest, tiles outside of it are not computed, and the map is 0 there",
  async (t) => {
    const roi = {
      include: [
        [
          [0, 0],
          [0.4, 0],
          [0.4, 1],
          [0, 1],
        ],
      ],
    } as const;
    await using detector = await train(images, { ...options, roi });
    const { map } = await detector.score(withSquare(150, 40));
    t.true(map.data.every((value, i) => (i % 200 < 80 ? value > 0 : value === 0)));
    const { map: without } = await detector.score(faint(9));
    t.deepEqual(map.data, without.data);
    t.notDeepEqual((await detector.score(withSquare(20, 40))).map.data, without.data);
  },
);

test.serial("an export sees one tile, agrees with the detector, and gives no verdict", async (t) => {
  const folder = await temporaryFolder(t);
  for (const size of [64, 96]) {
    await using detector = await train(images, { ...options, tiles: { size, overlap: 16 } });
    const path = join(folder, `${size}.onnx`);
    await detector.export(path, { format: "onnx" });
    const { agrees, mapDifference } = await verifyExport(detector, path, images);
    t.true(agrees, `differs by ${mapDifference}`);
    detector.setThresholds({ reject: 1 });
    await rejects(
      t,
      detector.export(path, { format: "onnx", verdict: true }),
      "INVALID_ARGUMENT",
      /sees one tile at a time/,
    );
  }
  const roi = {
    include: [
      [
        [0, 0],
        [0.4, 0],
        [0.4, 1],
      ],
    ],
  } as const;
  await using inside = await train(images, { ...options, roi });
  await rejects(
    t,
    inside.export(join(folder, "roi.onnx"), { format: "onnx" }),
    "INVALID_ARGUMENT",
    /a region of interest and tiles cannot be exported/,
  );
});

testWithTorch()("scores as the Python reference does", async (t) => {
  const folder = await temporaryFolder(t);
  const path = await asPng(folder, withSquare(150, 40));
  const roi = {
    include: [
      [
        [0, 0],
        [0.9, 0],
        [0.4, 1],
        [0, 1],
      ],
    ],
  } as const;
  for (const chosen of [{}, { roi }, { tiles: { size: [80, 112] as const, overlap: 30 } }]) {
    await using detector = await train(images, { ...options, ...chosen });
    const model = join(folder, "model.safetensors");
    await detector.save(model);
    const output = execFileSync(findPython()!, ["bench/python/score.py", model, folder], {
      encoding: "utf8",
    });
    const { score } = await detector.score(path);
    const theirs = (JSON.parse(output) as Record<string, number>)[path]!;
    // PIL and LibTorch round resized pixels differently in places.
    t.true(Math.abs(score - theirs) < ("tiles" in chosen ? 1e-2 : 1e-5), `${score} and ${theirs}`);
  }
});
