import test from "ava";
import { resizeMap, type AnomalyMap, type ResizeMapOptions } from "../../../lib/index.js";
import { rejects } from "../support/rejection.js";

const map: AnomalyMap = { data: Float32Array.of(0, 8, 4, 12), height: 2, width: 2 };

test("a map grows by linear interpolation between the centres of its pixels", async (t) => {
  const { data, height, width } = await resizeMap(map, { imageSize: [4, 4] });
  t.deepEqual([height, width], [4, 4]);
  // Centres are at a quarter and three quarters of a new pixel's distance; the border holds the outermost values.
  t.deepEqual([...data], [0, 2, 6, 8, 1, 3, 7, 9, 3, 5, 9, 11, 4, 6, 10, 12]);
});

test("a map shrinks to means, and a map of the image's size is copied", async (t) => {
  t.deepEqual([...(await resizeMap(map, { imageSize: [1, 1] })).data], [6]);
  const same = await resizeMap(map, { imageSize: [2, 2] });
  t.deepEqual([...same.data], [...map.data]);
  t.not(same.data.buffer, map.data.buffer);
});

test("sides are independent, and a constant stays the same at any size", async (t) => {
  const constant = { data: new Float32Array(35).fill(0.7), height: 5, width: 7 };
  for (const imageSize of [
    [13, 3],
    [1, 500],
    [777, 901],
  ] as const) {
    const { data } = await resizeMap(constant, { imageSize });
    t.is(data.length, imageSize[0] * imageSize[1]);
    t.true(data.every((value) => Math.abs(value - 0.7) < 1e-6));
  }
});

test("what cannot be resized is refused", async (t) => {
  const refused = (given: unknown, options: unknown, message: RegExp) =>
    rejects(t, resizeMap(given as AnomalyMap, options as ResizeMapOptions), "INVALID_ARGUMENT", message);
  await refused(map, {}, /^imageSize must be \[height, width\] in pixels; got undefined/);
  await refused(map, { imageSize: [2.5, 2] }, /^the height of imageSize must be a whole number/);
  await refused({ ...map, width: 3 }, { imageSize: [2, 2] }, /^A map's data must be 2 x 3 values; got 4/);
  await refused(
    { data: new Float32Array(), height: 0, width: 0 },
    { imageSize: [2, 2] },
    /at least one value/,
  );
  await rejects(t, resizeMap(map, { imageSize: [2, 2], signal: AbortSignal.abort() }), "ABORTED");
});
