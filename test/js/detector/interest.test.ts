import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import test from "ava";
import { Detector, findRegions, resizeMap, train } from "../../../lib/index.js";
import type { AnomalyMap, RawImage, RegionOfInterest, TrainOptions } from "../../../lib/index.js";
import { InterestMasks } from "../../../lib/regions/interest-masks.js";
import { readInterest } from "../../../lib/regions/read-interest.js";
import { verifyExport } from "../../../lib/verify/verify.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

process.removeAllListeners("warning");

const options: TrainOptions = { imageSize: 64, epochs: 1, batchSize: 2, calibrate: false, seed: 1 };
const images = [1, 2, 3, 4].map((seed) => noise(128, 64, 3, seed));
/** The left half of the image, without its upper quarter. */
const roi: RegionOfInterest = { include: [rectangle(0, 0, 0.5, 1)], exclude: [rectangle(0, 0, 1, 0.25)] };

function rectangle(left: number, top: number, right: number, bottom: number) {
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ] as const;
}

/** Whether a pixel of a map of this size lies in `roi`. */
const isInside = (i: number, { height, width }: { height: number; width: number }) =>
  i % width < width / 2 && Math.floor(i / width) >= height / 4;

function valuesInside(map: AnomalyMap): Float32Array {
  return map.data.filter((_, i) => isInside(i, map));
}

/** An image of noise with a white square. */
function withSquare(left: number, top: number): RawImage {
  const image = noise(128, 64, 3, 9);
  const data = Uint8Array.from(image.data);
  for (let y = top; y < top + 12; y++) data.fill(255, 3 * (y * 128 + left), 3 * (y * 128 + left + 12));
  return { ...image, data };
}

test.serial("maps are 0 outside of the region, above 0 inside, and carry its mask", async (t) => {
  const folder = await temporaryFolder(t);
  await using detector = await train(images, { ...options, roi });
  const path = join(folder, "model.safetensors");
  await detector.save(path, { precision: "float16" });
  await using loaded = await Detector.load(path);
  t.deepEqual(loaded.config.roi, roi);
  for (const each of [detector, loaded]) {
    const [first, other] = await each.scoreBatch([images[0]!, images[1]!]);
    const { map, score } = first!;
    t.deepEqual(
      Array.from(map.mask!),
      Array.from(map.data, (_, i) => Number(isInside(i, map))),
    );
    t.true(map.data.every((value, i) => isInside(i, map) || value === 0));
    t.true(valuesInside(map).every((value) => value > 0));
    t.is(score, Math.max(...map.data));
    // A caller may change what it got.
    map.mask!.fill(0);
    t.true(other!.map.mask!.includes(1));
    t.is((await each.score(images[0]!)).score, score);
  }
});

test.serial("without a region of interest, maps have no mask and models need no newer format", async (t) => {
  await using detector = await train(images, options);
  t.is(detector.config.roi, undefined);
  t.false("mask" in (await detector.score(images[0]!)).map);
});

test.serial("both losses train inside of the region only", async (t) => {
  // The images differ outside alone.
  const [one, other] = [7, 8].map((seed) => {
    const outside = noise(128, 64, 3, seed);
    const inside = noise(128, 64, 3, 1);
    const data = outside.data.map((value, i) => {
      const pixel = Math.floor(i / 3);
      return isInside(pixel, { height: 64, width: 128 }) ? inside.data[i]! : value;
    }) as Uint8Array;
    return { ...outside, data };
  });
  for (const loss of ["location", "global"] as const) {
    const lossOf = async (image: RawImage, region?: RegionOfInterest) => {
      await using detector = await train([image, image], {
        ...options,
        loss,
        ...(region && { roi: region }),
      });
      return detector.training!.run!.losses[0]!;
    };
    const [a, b] = [await lossOf(one!, roi), await lossOf(other!, roi)];
    t.not(a, await lossOf(one!));
    t.true(Math.abs(a - b) < 0.1 * a, `${a} and ${b}`);
  }
});

test.serial("regions lie inside, and their shares are of the region of interest", async (t) => {
  await using detector = await train(images, { ...options, roi });
  const low = 1e-6;
  detector.setThresholds({ reject: low, review: low, outline: low });
  const { map, regions } = await detector.score(images[0]!, { regions: true });
  t.is(regions.length, 1);
  t.deepEqual(regions[0]!.box, { left: 0, top: 16, width: 64, height: 48 });
  t.is(regions[0]!.share, 1);
  t.is(regions[0]!.area, 64 * 48);
  t.deepEqual(await findRegions(map, { seed: low, imageSize: [64, 128] }), regions);
  const whole = await findRegions(map, { seed: low, imageSize: [64, 128], mask: map.mask!.map(() => 1) });
  t.is(whole[0]!.share, 3 / 8);
});

test.serial("a defect outside changes the score by what the networks see of it alone", async (t) => {
  await using detector = await train(images, { ...options, roi, epochs: 20 });
  await using whole = await train(images, { ...options, epochs: 20 });
  const [clean, inside, outside] = [noise(128, 64, 3, 9), withSquare(24, 36), withSquare(100, 10)];
  const scoreOf = async (of: Detector, image: RawImage) => (await of.score(image)).score;
  const good = await scoreOf(detector, clean);
  t.true((await scoreOf(detector, inside)) > 1.2 * good);
  t.true((await scoreOf(detector, outside)) < 1.1 * good);
  t.true((await scoreOf(whole, outside)) > (await scoreOf(whole, clean)));
});

test.serial("a map of the image's size has a mask of that size, also from resizeMap", async (t) => {
  await using detector = await train(images, { ...options, roi });
  const { map } = await detector.score(images[0]!, { map: "original" });
  t.deepEqual([map.height, map.width], [64, 128]);
  t.deepEqual(
    Array.from(map.mask!),
    Array.from(map.data, (_, i) => Number(isInside(i, map))),
  );
  t.true(map.data.every((value, i) => isInside(i, map) || value === 0));
  const { map: small } = await detector.score(images[0]!);
  t.deepEqual(await resizeMap(small, { imageSize: [64, 128] }), map);
});

for (const fit of ["pad", "crop"] as const) {
  test.serial(`${fit}: the region lies where it is in each image`, async (t) => {
    await using detector = await train(images, { ...options, fit, roi, epochs: 1 });
    for (const image of [images[0]!, noise(64, 100, 3), noise(70, 70, 3)]) {
      const { map, score } = await detector.score(image);
      const { left, top, width, height } = map.part ?? { left: 0, top: 0, width: 1, height: 1 };
      const expected = Array.from(map.data, (_, i) => {
        const x = left + (((i % map.width) + 0.5) / map.width) * width;
        const y = top + ((Math.floor(i / map.width) + 0.5) / map.height) * height;
        return Number(x < 0.5 && y > 0.25);
      });
      t.deepEqual([...map.mask!], expected);
      t.true(map.data.every((value, i) => (value === 0) === (expected[i] === 0)));
      t.is(score, Math.max(...map.data));
    }
    await rejects(
      t,
      detector.export("unused.onnx", { format: "onnx" }),
      "INVALID_ARGUMENT",
      /region of interest and the fit "(pad|crop)" cannot be exported/,
    );
  });
}

test.serial("a region outside of what cropping leaves is refused, when an image shows that", async (t) => {
  const border: RegionOfInterest = { include: [rectangle(0, 0, 0.1, 1)] };
  const training = train(images, { ...options, fit: "crop", roi: border });
  await rejects(t, training, "INVALID_ARGUMENT", /empty: .* the part of an image that is seen, 64 x 64/);
});

test.serial("calibration outlines by the pixels inside, and thresholds must be above 0", async (t) => {
  const good = Array.from({ length: 24 }, (_, i) => noise(128, 64, 3, 50 + i));
  await using detector = await train(images, { ...options, roi });
  const calibration = await detector.calibrate(good, { falseAlarms: 0.1, review: 0.2 });
  const scores = await detector.scoreBatch(good);
  const inside = scores.flatMap(({ map }) => [...valuesInside(map)]).sort((a, b) => a - b);
  const reached = inside.filter((value) => value < calibration.outline).length / inside.length;
  const all = scores.flatMap(({ map }) => [...map.data]).sort((a, b) => a - b);
  const reachedOfAll = all.filter((value) => value < calibration.outline).length / all.length;
  t.true(reached < reachedOfAll);
  t.true(Math.abs(reached - 0.995) < 0.005, `${reached}`);
  for (const thresholds of [{ reject: 0 }, { reject: 1, review: -1 }, { reject: 1, outline: 0 }])
    t.throws(() => detector.setThresholds(thresholds), { message: /above 0, because maps are 0 outside/ });
});

test.serial("statistics of an image are those of its region of interest", async (t) => {
  await using detector = await train(images, { ...options, roi });
  const grey = Uint8Array.from(noise(128, 64, 3, 1).data, (_, i) =>
    isInside(Math.floor(i / 3), { height: 64, width: 128 }) ? 51 : 255,
  );
  const { image } = await detector.score({ ...images[0]!, data: grey });
  t.true(Math.abs(image.brightness - 0.2) < 0.01, `${image.brightness}`);
  t.true(image.contrast < 0.05, `${image.contrast}`);
});

test.serial("images that training held out are calibrated on inside of the region", async (t) => {
  const many = Array.from({ length: 40 }, (_, i) => noise(128, 64, 3, i));
  const calibrate = { images: 20, falseAlarms: 0.1, review: 0.2 };
  await using detector = await train(many, { ...options, roi, fit: "crop", calibrate });
  const scores = (await detector.scoreBatch(many)).map(({ score }) => score);
  for (const found of detector.calibration!.scores)
    t.true(scores.some((score) => Math.abs(score - found) < 1e-5));
});

test.serial("an export has the map and the score of its detector", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "model.onnx");
  for (const region of [roi, { mask: { height: 2, width: 2, runs: [1, 2, 1] } }]) {
    await using detector = await train(images, { ...options, roi: region });
    detector.setThresholds({ reject: 0.5 });
    await detector.export(path, { format: "onnx", verdict: true });
    const { agrees, mapDifference } = await verifyExport(detector, path, images);
    t.true(agrees, `${mapDifference}`);
    await using whole = await train(images, options);
    t.false((await verifyExport(whole, path, images)).agrees);
  }
});

test.serial("a checkpoint belongs to a training with the same region of interest", async (t) => {
  const folder = await temporaryFolder(t);
  const longer = { ...options, recipe: "paper", checkpoint: { path: join(folder, "checkpoint") } } as const;
  await using first = await train(images, { ...longer, roi });
  await using second = await train(images, { ...longer, roi, resume: true, epochs: 2 });
  t.is(second.training!.epochs, 2);
  t.is(first.training!.epochs, 1);
  const other = train(images, { ...longer, resume: true, epochs: 3 });
  await rejects(
    t,
    other,
    "INVALID_ARGUMENT",
    /roi is include 1 polygon of 4 points, .* there and the whole image here/,
  );
});

test("a file of polygons or a mask image is read, and a path can be a URL", async (t) => {
  const folder = await temporaryFolder(t);
  const [json, png] = [join(folder, "roi.JSON"), join(folder, "mask.png")];
  await writeFile(json, JSON.stringify(roi));
  t.deepEqual(await readInterest(json, {}), roi);
  const pixels = Buffer.from([0, 255, 255, 0, 0, 255]);
  await sharp(pixels, { raw: { width: 3, height: 2, channels: 1 } }).toFile(png);
  t.deepEqual(await readInterest(png, {}), { mask: { height: 2, width: 3, runs: [1, 2, 2, 1] } });
  t.deepEqual(await readInterest(roi, {}), roi);
  t.is(await readInterest(undefined, {}), undefined);
});

test("a file without a usable region is refused, and the error names it", async (t) => {
  const folder = await temporaryFolder(t);
  const at = (name: string) => join(folder, name);
  const jsonOf = async (name: string, text: string) => {
    await writeFile(at(name), text);
    return at(name);
  };
  const maskOf = async (name: string, width: number, value: (i: number) => number) => {
    const data = Uint8Array.from({ length: width * width }, (_, i) => value(i));
    await sharp(data, { raw: { width, height: width, channels: 1 } }).toFile(at(name));
    return at(name);
  };
  const cases: [string, RegExp][] = [
    [await jsonOf("a.json", "{"), /a\.json contains no region of interest: /],
    [await jsonOf("b.json", "null"), /b\.json contains no region of interest: roi must be/],
    [
      await jsonOf("c.json", '{"include":[[[0,0],[2,0],[1,1]]]}'),
      /x of roi\.include\[0\]\[1\] must be a share of the image/,
    ],
    [await maskOf("black.png", 8, () => 0), /black\.png .* marks nothing/],
    [await maskOf("white.png", 8, () => 255), /white\.png .* marks the whole image/],
    [
      await maskOf("noisy.png", 400, (i) => 255 * ((i ^ Math.floor(i / 400)) & 1)),
      /noisy\.png has too many edges/,
    ],
  ];
  for (const [path, message] of cases) await rejects(t, readInterest(path, {}), "INVALID_FILE", message);
  await rejects(t, readInterest(at("missing.json"), {}), "NOT_FOUND");
  await rejects(t, readInterest(at("missing.png"), {}), "NOT_FOUND");
});

test("a region that no pixel of the map lies in is refused before images are read", async (t) => {
  const tiny = { include: [rectangle(0.5, 0.5, 0.501, 0.501)] };
  const unread = (function* (): Generator<RawImage> {
    yield t.fail("an image was read");
  })();
  await rejects(
    t,
    train(unread, { ...options, roi: tiny }),
    "INVALID_ARGUMENT",
    /region of interest is empty: .* 64 x 64/,
  );
});

test("few masks are kept, however many sizes images have", (t) => {
  const masks = new InterestMasks(roi, { height: 64, width: 64, fit: "pad" });
  const first = masks.of({ height: 64, width: 64 });
  t.is(masks.of({ height: 32, width: 32 }), first);
  for (let width = 65; width < 128; width++) masks.of({ height: 64, width });
  t.not(masks.of({ height: 64, width: 64 }), first);
  t.deepEqual(masks.of({ height: 64, width: 64 }), first);
});
