import test from "ava";
import { maxFloat16, narrowToFloat16, widenFloat16 } from "../../../lib/tensor/float16.js";

const every = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

test("float16 widens to its exact value", (t) => {
  const values = widenFloat16(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x3555, 0x8000, 0x7c00));
  const expected = [1, -2, maxFloat16, 2 ** -24, 2 ** -14, 0.333251953125, -0, Infinity];
  t.deepEqual([...values], expected);
});

test("every float16 survives a round trip through float32", (t) => {
  const back = narrowToFloat16(widenFloat16(every));
  const isNaN = (bits: number) => (bits & 0x7fff) > 0x7c00;
  t.deepEqual(
    [...every].filter((bits) => (isNaN(bits) ? !isNaN(back[bits]!) : back[bits] !== bits)),
    [],
  );
});

test("narrowing rounds to the nearest float16, and ties to even", (t) => {
  const positive = every.filter((bits) => bits < 0x7bff);
  const lower = widenFloat16(positive);
  const upper = widenFloat16(positive.map((bits) => bits + 1));
  const between = (part: number) => lower.map((value, i) => value + part * (upper[i]! - value));
  t.deepEqual(narrowToFloat16(between(0.499)), positive);
  t.deepEqual(
    narrowToFloat16(between(0.501)),
    positive.map((bits) => bits + 1),
  );
  t.deepEqual(
    narrowToFloat16(between(0.5)),
    positive.map((bits) => bits + (bits & 1)),
  );
  t.deepEqual(
    narrowToFloat16(between(0.5).map((value) => -value)),
    positive.map((bits) => 0x8000 | (bits + (bits & 1))),
  );
});

test("narrowing overflows to infinity and underflows to zero", (t) => {
  const values = Float32Array.of(65_519, 65_520, 1e30, -Infinity, 2 ** -25, 2 ** -25 * 1.0001, -1e-40, NaN);
  const [largest, first, huge, infinite, tie, above, tiny, none] = narrowToFloat16(values);
  t.deepEqual([largest, first, huge, infinite], [0x7bff, 0x7c00, 0x7c00, 0xfc00]);
  t.deepEqual([tie, above, tiny], [0, 1, 0x8000]);
  t.true((none! & 0x7fff) > 0x7c00);
});
