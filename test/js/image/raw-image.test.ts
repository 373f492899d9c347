import test from "ava";
import { demosaic } from "../../../lib/image/demosaic.js";
import { hashOfImages, imageIdentity } from "../../../lib/image/digest.js";
import { plainPixels } from "../../../lib/image/plain-pixels.js";
import { checkRaw, pixelOrders, type PixelOrder, type RawImage } from "../../../lib/image/raw-image.js";
import { noise } from "../support/image-fixtures.js";

const grey = noise(6, 4, 1);
const rgb = noise(6, 4, 3);
const rgba = noise(6, 4, 4);
const deep: RawImage = {
  data: Uint16Array.from(grey.data, (value) => value * 16),
  width: 6,
  height: 4,
  channels: 1,
  depth: 12,
};

const fails = (title: string, image: unknown, code: string, message: RegExp) => {
  test(`a raw image with ${title} is refused`, (t) => {
    t.throws(() => checkRaw(image as RawImage), { code, message });
  });
};
fails(
  "an unknown key",
  { ...grey, gamma: 1 },
  "INVALID_ARGUMENT",
  /^a raw image has an unknown key "gamma"; allowed keys: data, width, height, channels, depth, order, stride/,
);
fails(
  "a depth of 17 bits",
  { ...deep, depth: 17 },
  "INVALID_ARGUMENT",
  /depth of a raw image must be a whole number from 9 to 16; got 17/,
);
fails(
  "12 of 8 bits",
  { ...grey, depth: 12 },
  "INVALID_ARGUMENT",
  /depth of a raw image of 8 bits must be a whole number from 8 to 8; got 12/,
);
fails(
  "an order of no name",
  { ...grey, order: "RGGB" },
  "INVALID_ARGUMENT",
  /order of a raw image must be "rgb", "bgr", .* or "bayer_gbrg"; got 'RGGB'/,
);
fails(
  "a mosaic of three channels",
  { ...rgb, order: "bayer_rggb" },
  "INVALID_IMAGE",
  /has the order bayer_rggb, which needs channels 1/,
);
fails(
  "grey in the order BGR",
  { ...grey, order: "bgr" },
  "INVALID_IMAGE",
  /has the order bgr, which needs channels 3 or 4/,
);
fails(
  "a mosaic of one row",
  { data: new Uint8Array(6), width: 6, height: 1, channels: 1, order: "bayer_rggb" },
  "INVALID_IMAGE",
  /whole numbers from 2/,
);
fails(
  "a stride below its row",
  { ...rgb, stride: 17 },
  "INVALID_IMAGE",
  /has the stride 17; it must be a whole number of bytes, at least 18/,
);
fails(
  "an odd stride of 16 bits",
  { ...deep, data: new Uint16Array(28), stride: 13 },
  "INVALID_IMAGE",
  /has the stride 13; it must be a whole number of bytes and even, at least 12/,
);
fails(
  "fewer rows than it states",
  { ...rgb, stride: 20 },
  "INVALID_IMAGE",
  /needs 78 bytes, but its data has 72/,
);
fails(
  "more data than it states",
  { ...rgb, data: new Uint8Array(73) },
  "INVALID_IMAGE",
  /needs 72 bytes, but its data has 73/,
);

test("a raw image keeps what matters of what it is given, in the memory that it is in", (t) => {
  t.is(checkRaw(grey).data, grey.data);
  t.deepEqual(checkRaw({ ...grey, depth: 8, order: "rgb", stride: 6 }), grey);
  t.deepEqual(checkRaw(deep), deep);
  const image: RawImage = {
    data: new Uint8Array(80),
    width: 6,
    height: 4,
    channels: 3,
    order: "bgr",
    stride: 20,
  };
  t.deepEqual(checkRaw(image), image);
  t.deepEqual(checkRaw({ ...image, data: new Uint8Array(78) }).data.length, 78);
});

/** The same rows with other bytes after each. */
function withGaps(image: RawImage, gap: number): RawImage {
  const row = image.width * image.channels;
  const data = new (image.data.constructor as typeof Uint8Array)((row + gap) * image.height).fill(77);
  for (let y = 0; y < image.height; y++)
    data.set(image.data.subarray(y * row, (y + 1) * row), y * (row + gap));
  return { ...image, data, stride: (row + gap) * image.data.BYTES_PER_ELEMENT };
}

test("gaps between rows and the order BGR change nothing", (t) => {
  for (const image of [grey, rgb, rgba, deep]) {
    const { width, height, channels, data } = image;
    t.deepEqual(plainPixels(withGaps(image, 5)), { data, width, height, channels });
  }
  const swapped = (image: RawImage) =>
    image.data.map((_, i) => {
      const channel = i % image.channels;
      return image.data[channel === 0 ? i + 2 : channel === 2 ? i - 2 : i]!;
    });
  for (const image of [rgb, rgba]) {
    const bgr: RawImage = { ...image, data: swapped(image), order: "bgr" };
    t.deepEqual(plainPixels(bgr).data, image.data);
    t.deepEqual(plainPixels(withGaps(bgr, 3)).data, image.data);
  }
});

/** Red, green or blue of a sensor's pixel, by the letters of its order. */
function colourAt(order: PixelOrder, x: number, y: number): number {
  return "rgb".indexOf(order.slice("bayer_".length)[2 * (y % 2) + (x % 2)]!);
}

for (const order of pixelOrders.filter((each) => each.startsWith("bayer_"))) {
  for (const bits of [8, 16]) {
    test(`${order} of ${bits} bits: a missing colour is the mean of its nearest neighbours`, (t) => {
      const [width, height] = [7, 5];
      const source = noise(width, height, 1, 3).data;
      const values =
        bits === 8 ? (source as Uint8Array) : Uint16Array.from(source, (value) => value * 257 + 1);
      const mirrored = (index: number, size: number) => (index < 0 ? 1 : index === size ? size - 2 : index);
      const expected: number[] = [];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          for (let colour = 0; colour < 3; colour++) {
            const found: number[] = [];
            if (colourAt(order, x, y) === colour) found.push(values[y * width + x]!);
            else {
              for (const [dx, dy] of [-1, 0, 1].flatMap((a) => [-1, 0, 1].map((b) => [a, b] as const))) {
                const [sx, sy] = [mirrored(x + dx, width), mirrored(y + dy, height)];
                // Green has neighbours at the sides; those at the corners are further away.
                if (colour === 1 && dx !== 0 && dy !== 0) continue;
                if (colourAt(order, sx, sy) === colour) found.push(values[sy * width + sx]!);
              }
            }
            expected.push(Math.floor(found.reduce((sum, value) => sum + value, 0) / found.length + 0.5));
          }
        }
      }
      t.deepEqual([...demosaic(values, { width, height, order })], expected);
      const image: RawImage = { data: values, width, height, channels: 1, order };
      t.deepEqual([...plainPixels(withGaps(image, 4)).data], expected);
      t.is(plainPixels(image).channels, 3);
    });
  }
}

test("a digest tells depths and orders apart, and does not see gaps", async (t) => {
  const digestOf = async (image: RawImage) => {
    return hashOfImages([await imageIdentity(image)]);
  };
  const plain = await digestOf(rgb);
  t.is(await digestOf(withGaps(rgb, 5)), plain);
  const others = [
    { ...rgb, order: "bgr" as const },
    { ...grey, order: "bayer_rggb" as const },
    grey,
    deep,
    { ...deep, depth: 16 },
  ];
  const digests = await Promise.all(others.map(digestOf));
  t.is(new Set([plain, ...digests]).size, 1 + others.length);
});
