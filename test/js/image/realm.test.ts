import { runInNewContext } from "node:vm";
import test from "ava";
import { checkRaw, type RawImage } from "../../../lib/image/raw-image.js";
import { ownFloats } from "../../../lib/image/realm.js";

const foreign = (code: string): unknown => runInNewContext(code);

test("raw pixels of another realm are seen as this one's, in the same memory", (t) => {
  for (const type of [Uint8Array, Uint8ClampedArray, Uint16Array]) {
    const data = foreign(`new ${type.name}(20).fill(7).subarray(4, 16)`) as RawImage["data"];
    t.false(data instanceof type);
    const image = checkRaw({ data, width: 4, height: 3, channels: 1 });
    t.true(image.data instanceof type);
    t.is(image.data.buffer, data.buffer);
    t.deepEqual([...image.data], Array<number>(12).fill(7));
  }
});

test("raw pixels of this realm are passed on as they are", (t) => {
  const data = Buffer.alloc(12);
  t.is(checkRaw({ data, width: 4, height: 3, channels: 1 }).data, data);
});

test("maps of another realm become this one's, in the same memory", (t) => {
  const own = Float32Array.of(1, 2);
  t.is(ownFloats(own), own);
  const map = foreign("new Float32Array([0, 1, 2, 3]).subarray(1)") as Float32Array;
  t.false(map instanceof Float32Array);
  const found = ownFloats(map);
  t.true(found instanceof Float32Array);
  t.is(found.buffer, map.buffer);
  t.deepEqual([...found], [1, 2, 3]);
});
