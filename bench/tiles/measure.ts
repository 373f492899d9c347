import sharp from "sharp";
import type { Detector } from "../../lib/detector/detector.js";
import { train } from "../../lib/detector/train.js";
import { normalLabel, type Dataset } from "../../lib/evaluation/dataset.js";
import type { AnomalyMap } from "../../lib/image/anomaly-map.js";
import type { RawImage } from "../../lib/image/raw-image.js";
import { Random } from "../../lib/random.js";
import { compare, timed } from "../cpu/compare.js";
import { describeEnvironment } from "../environment.js";
import type { TilesResult } from "./results.js";

/** How to measure. */
export interface TilesSettings {
  weights: string | undefined;
  epochs: number;
  size: number;
  rounds: number;
}

const most = { train: 60, looked: 20, planted: 20 };

/** Trains on a part of a data set and measures the maps of its test images. */
export async function measure(
  subject: string,
  dataset: Dataset,
  { weights, epochs, size, rounds }: TilesSettings,
): Promise<TilesResult> {
  const overlap = size / 4;
  const large = async (images: readonly string[], count: number) => {
    const found: RawImage[] = [];
    for (const image of images) {
      const read = await readRgb(image);
      // Room for two tiles and their shift; see `cutRatio`.
      if (found.length < count && Math.min(read.height, read.width) >= 2.5 * size - overlap) found.push(read);
    }
    if (found.length === 0)
      throw new Error(`${subject} has no image that is large enough for tiles of ${size}.`);
    return found;
  };
  const training = await large(dataset.train, most.train);
  const good = dataset.test.filter(({ label }) => label === normalLabel).map(({ image }) => image);
  const all = new Random("tiles").shuffled(dataset.test.map(({ image }) => image));
  const options = { ...(weights && { weights }), imageSize: size, calibrate: false, seed: 0 } as const;
  await using detector = await train(training, { ...options, epochs, tiles: { size, overlap } });
  await using untiled = await train(training.slice(0, 2), { ...options, epochs: 1 });

  const looked = await large(all, most.looked);
  const random = new Random("tiles", subject);
  const maps: AnomalyMap[] = [];
  // Cut at another place in each image: what the parts look like must not decide where tiles begin.
  for (const image of looked) maps.push((await detector.score(trimmed(image, size - overlap, random))).map);
  const ratios: number[] = [];
  for (const image of await large(good, most.planted))
    ratios.push(await cutRatio(detector, image, size, overlap));
  ratios.sort((a, b) => a - b);
  return {
    ...{ subject, size, overlap, images: looked.length },
    steps: stepRatio(maps, size, overlap),
    cut: {
      median: ratios[ratios.length >> 1]!,
      least: ratios[0]!,
      largest: ratios.at(-1)!,
      defects: ratios.length,
    },
    speed: await compareSpeed(detector, untiled, training[0]!, size, overlap, rounds),
    environment: await describeEnvironment(),
  };
}

async function readRgb(path: string): Promise<RawImage> {
  const { data, info } = await sharp(path)
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, height: info.height, width: info.width, channels: info.channels as 1 | 3 };
}

/** Where tiles begin along an axis, as in native/pipeline/tiling.cpp. */
function begins(length: number, size: number, overlap: number): number[] {
  const rest = length - size;
  const gaps = Math.ceil(rest / (size - overlap));
  return Array.from({ length: gaps + 1 }, (_, i) => (i === 0 ? 0 : Math.floor((rest * i) / gaps)));
}

/** The mean step across the places where a tile begins or ends, divided by the mean step elsewhere. */
function stepRatio(maps: readonly AnomalyMap[], size: number, overlap: number): number {
  const at = { sum: 0, count: 0 };
  const elsewhere = { sum: 0, count: 0 };
  for (const { data, height, width } of maps) {
    const borders = (length: number) =>
      new Set(begins(length, size, overlap).flatMap((begin) => [begin, begin + size]));
    const [rows, columns] = [borders(height), borders(width)];
    for (let y = 1; y < height; y++) {
      for (let x = 1; x < width; x++) {
        const i = y * width + x;
        for (const [border, before] of [
          [columns.has(x), data[i - 1]!],
          [rows.has(y), data[i - width]!],
        ] as const) {
          const kind = border ? at : elsewhere;
          kind.sum += Math.abs(data[i]! - before);
          kind.count += 1;
        }
      }
    }
  }
  return at.sum / at.count / (elsewhere.sum / elsewhere.count);
}

/**
 * The score of a defect at the corner of a tile, divided by the mean of its scores in the middle of either tile. Windows of
 * two by two tiles are cut out of the same image, so that only the place of the tiles differs.
 */
async function cutRatio(detector: Detector, image: RawImage, size: number, overlap: number): Promise<number> {
  const window = 2 * size - overlap;
  const reach = size - overlap;
  const left = (image.width - window - reach) >> 1;
  const top = (image.height - window - reach) >> 1;
  // In the middle of the second tile of the first window, and of the first tile of the last one.
  const planted = withScratch(
    image,
    left + size - overlap + size / 2,
    top + size - overlap + size / 2,
    size / 8,
  );
  const scoreAt = async (shift: number) =>
    (await detector.score(cut(planted, left + shift, top + shift, window))).score;
  const middle = ((await scoreAt(0)) + (await scoreAt(reach))) / 2;
  const corners = [await scoreAt(size / 2 - overlap), await scoreAt(size / 2)];
  const [first, second] = corners as [number, number];
  return (Math.abs(first - middle) > Math.abs(second - middle) ? first : second) / middle;
}

/** A copy with a diagonal scratch of inverted colours, as long as twice the reach. */
function withScratch(image: RawImage, x: number, y: number, reach: number): RawImage {
  const data = Uint8Array.from(image.data);
  for (let row = -reach; row < reach; row++)
    for (let column = row - 3; column < row + 3; column++)
      for (let channel = 0; channel < image.channels; channel++) {
        const i = ((y + row) * image.width + x + column) * image.channels + channel;
        data[i] = data[i]! < 128 ? 255 : 0;
      }
  return { ...image, data };
}

function cut(image: RawImage, left: number, top: number, height: number, width = height): RawImage {
  const { data, channels } = image;
  const pixels = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * channels;
    pixels.set(data.subarray(from, from + width * channels), y * width * channels);
  }
  return { data: pixels, height, width, channels };
}

/** An image without up to `most` of its first rows and columns. */
function trimmed(image: RawImage, most: number, random: Random): RawImage {
  const [left, top] = [Math.floor(random.between(0, most)), Math.floor(random.between(0, most))];
  return cut(image, left, top, image.height - top, image.width - left);
}

/** Times one image of 6 x 4 tiles beside a batch of its tiles, which a detector without tiles scores. */
async function compareSpeed(
  detector: Detector,
  untiled: Detector,
  image: RawImage,
  size: number,
  overlap: number,
  rounds: number,
): Promise<TilesResult["speed"]> {
  const [columns, rows] = [6, 4];
  const width = columns * (size - overlap) + overlap;
  const height = rows * (size - overlap) + overlap;
  const large = repeated(image, height, width);
  const tiles = begins(height, size, overlap).flatMap((top) =>
    begins(width, size, overlap).map((left) => cut(large, left, top, size)),
  );
  if (tiles.length !== columns * rows) throw new Error(`${tiles.length} tiles instead of ${columns * rows}`);
  const whole = await detector.score(large);
  const single = await detector.scoreBatch(tiles);
  const largest = Math.max(...single.map(({ score }) => score));
  if (!(whole.score <= largest * (1 + 1e-5)))
    throw new Error(`The image scores ${whole.score}, more than its tiles, ${largest}.`);
  return compare({ job: `${tiles.length} tiles`, unit: "per image", against: "single tiles" }, rounds, {
    ours: () => timed(() => detector.score(large)),
    reference: () => timed(() => untiled.scoreBatch(tiles)),
  });
}

/** An image beside itself, again and again. */
function repeated(
  { data, height: rows, width: columns, channels }: RawImage,
  height: number,
  width: number,
): RawImage {
  const pixels = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width * channels; x++)
      pixels[y * width * channels + x] = data[(y % rows) * columns * channels + (x % (columns * channels))]!;
  return { data: pixels, height, width, channels };
}
