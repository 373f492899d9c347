import test from "ava";
import fc from "fast-check";
import { decodeImage } from "../../../lib/image/decode.js";
import { normalise, preprocess } from "../../../lib/preprocess.js";
import type { RawImage } from "../../../lib/index.js";
import { encoder } from "../support/image-fixtures.js";
import { holds } from "./property.js";

const side = fc.integer({ min: 1, max: 70 });
const channelCount = fc.constantFrom<1 | 3 | 4>(1, 3, 4);

const image: fc.Arbitrary<RawImage> = fc
  .tuple(side, side, channelCount, fc.nat())
  .map(([width, height, channels, seed]) => ({
    data: pixelsOf(width * height * channels, seed),
    width,
    height,
    channels,
  }));

/** Pixels that a seed decides: drawing each would be slow. */
function pixelsOf(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** The sides of a model's image. */
const size = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
  .map(([rows, columns]): [number, number] => [32 * rows, 32 * columns]);

/** The value of one channel of one pixel, as RGB. */
function at({ data, width, channels }: RawImage, x: number, y: number, channel: number): number {
  return data[(y * width + x) * channels + (channels === 1 ? 0 : channel)]!;
}

test("files of formats without loss decode to the pixels that were encoded", (t) =>
  holds(
    t,
    60,
    fc.asyncProperty(
      image.filter(({ channels }) => channels !== 4),
      fc.constantFrom("png", "tiff", "webp"),
      async (raw, format) => {
        const encoded = encoder(raw);
        const file =
          format === "png"
            ? encoded.png()
            : format === "tiff"
              ? encoded.tiff({ compression: "lzw" })
              : encoded.webp({ lossless: true });
        const { data, width, height, channels } = await decodeImage(await file.toBuffer());
        t.deepEqual([width, height], [raw.width, raw.height]);
        const found = { data, width, height, channels };
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++)
            for (let channel = 0; channel < 3; channel++)
              if (at(found, x, y, channel) !== at(raw, x, y, channel)) return false;
        return true;
      },
    ),
  ));

test("preprocessed pixels have the model's size and stay within the range of the image", (t) =>
  holds(
    t,
    150,
    fc.asyncProperty(image, size, async (raw, [height, width]) => {
      const { data, dims } = await preprocess(raw, [height, width]);
      if (dims.join() !== [1, height, width, 3].join() || data.length !== height * width * 3) return false;
      for (let channel = 0; channel < 3; channel++) {
        const of = (pixels: ArrayLike<number>, step: number, first: number): number[] =>
          Array.from(pixels).filter((_, i) => i % step === first);
        const given = of(raw.data, raw.channels, raw.channels === 1 ? 0 : channel);
        const found = of(data, 3, channel);
        if (Math.max(...found) > Math.max(...given) || Math.min(...found) < Math.min(...given)) return false;
      }
      return true;
    }),
  ));

test("an image of the model's size passes preprocessing unchanged, without its alpha", (t) =>
  holds(
    t,
    60,
    fc.asyncProperty(size, channelCount, fc.nat(), async ([height, width], channels, seed) => {
      const raw: RawImage = { data: pixelsOf(width * height * channels, seed), width, height, channels };
      const { data } = await preprocess(raw, [height, width]);
      const found: RawImage = { data, width, height, channels: 3 };
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          for (let channel = 0; channel < 3; channel++)
            if (at(found, x, y, channel) !== at(raw, x, y, channel)) return false;
      return true;
    }),
  ));

test("preprocessing a mirrored image mirrors the result, up to one grey level of rounding", (t) =>
  holds(
    t,
    100,
    fc.asyncProperty(image, size, async (raw, [height, width]) => {
      const mirrored = new Uint8Array(raw.data.length);
      for (let pixel = 0; pixel < raw.width * raw.height; pixel++) {
        const row = Math.floor(pixel / raw.width);
        const from = row * raw.width + (raw.width - 1 - (pixel % raw.width));
        for (let channel = 0; channel < raw.channels; channel++)
          mirrored[pixel * raw.channels + channel] = raw.data[from * raw.channels + channel]!;
      }
      const straight = {
        data: (await preprocess(raw, [height, width])).data,
        width,
        height,
        channels: 3 as const,
      };
      const other = {
        ...straight,
        data: (await preprocess({ ...raw, data: mirrored }, [height, width])).data,
      };
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          if (Math.abs(at(straight, x, y, 1) - at(other, width - 1 - x, y, 1)) > 1) return false;
      return true;
    }),
  ));

test("normalised planes hold every pixel, scaled and shifted by channel", (t) =>
  holds(
    t,
    100,
    fc.property(side, side, fc.nat(), (width, height, seed) => {
      const data = pixelsOf(width * height * 3, seed);
      const mean = [0.485, 0.456, 0.406];
      const deviation = [0.229, 0.224, 0.225];
      const plain = normalise({ data, dims: [1, height, width, 3] }, "none");
      const imagenet = normalise({ data, dims: [1, height, width, 3] }, "imagenet");
      return data.every((value, i) => {
        const channel = i % 3;
        const place = channel * width * height + Math.floor(i / 3);
        const unit = value / 255;
        const expected = (unit - mean[channel]!) / deviation[channel]!;
        return (
          Math.abs(plain.data[place]! - unit) < 1e-6 && Math.abs(imagenet.data[place]! - expected) < 2e-6
        );
      });
    }),
  ));
