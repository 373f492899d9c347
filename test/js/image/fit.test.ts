import test from "ava";
import { fittedSize, seenPart, seenPixels, type Frame } from "../../../lib/image/fit.js";
import { preprocess } from "../../../lib/preprocess.js";
import { noise } from "../support/image-fixtures.js";

const frame = (fit: Frame["fit"]): Frame => ({ height: 64, width: 96, fit });

test("stretched images fill the frame and are seen whole", (t) => {
  for (const image of [
    { height: 10, width: 500 },
    { height: 500, width: 10 },
  ]) {
    t.deepEqual(fittedSize(image, frame("stretch")), { height: 64, width: 96 });
    t.is(seenPart(image, frame("stretch")), undefined);
  }
});

test("padded images keep their proportions, and have at least one row and column", (t) => {
  t.deepEqual(fittedSize({ height: 100, width: 300 }, frame("pad")), { height: 32, width: 96 });
  t.deepEqual(fittedSize({ height: 300, width: 100 }, frame("pad")), { height: 64, width: 21 });
  t.deepEqual(fittedSize({ height: 2, width: 3 }, frame("pad")), { height: 64, width: 96 });
  t.deepEqual(fittedSize({ height: 1, width: 5000 }, frame("pad")), { height: 1, width: 96 });
  t.is(seenPart({ height: 100, width: 300 }, frame("pad")), undefined);
});

test("cropped images show the largest centre of the frame's proportions", (t) => {
  t.deepEqual(seenPixels({ height: 100, width: 300 }, frame("crop")), {
    ...{ left: 74, top: 0 },
    ...{ height: 100, width: 150 },
  });
  t.deepEqual(seenPixels({ height: 301, width: 90 }, frame("crop")), {
    ...{ left: 0, top: 120 },
    ...{ height: 60, width: 90 },
  });
  t.deepEqual(seenPart({ height: 100, width: 300 }, frame("crop")), {
    ...{ left: 74 / 300, top: 0 },
    ...{ height: 1, width: 0.5 },
  });
  t.is(seenPart({ height: 200, width: 300 }, frame("crop")), undefined);
});

test("preprocess pads with the outermost pixels, and crops the centre", async (t) => {
  const image = noise(96, 32, 3);
  const padded = await preprocess(image, [64, 96], { fit: "pad" });
  t.deepEqual(padded.dims, [1, 64, 96, 3]);
  const row = (data: Uint8Array, y: number) => data.subarray(y * 96 * 3, (y + 1) * 96 * 3);
  const own = image.data as Uint8Array;
  for (let y = 0; y < 64; y++)
    t.deepEqual(row(padded.data, y), row(own, Math.min(31, Math.max(0, y - 16))), `row ${y}`);

  const cropped = await preprocess(image, [32, 32], { fit: "crop" });
  for (let y = 0; y < 32; y++)
    t.deepEqual(cropped.data.subarray(y * 96, (y + 1) * 96), row(own, y).subarray(96, 192), `row ${y}`);
  await t.throwsAsync(preprocess(image, 32, { fit: "squeeze" as "pad" }), {
    code: "INVALID_ARGUMENT",
    message: /^fit must/,
  });
});
