/**
 * Converts arrays between float32 and float16 (IEEE 754 binary16). float16 values are represented by their bits.
 * Node.js 20 has no Float16Array, and libraries that convert single numbers take microseconds for each of the tens of
 * millions in a model.
 */

/** The largest finite float16 value. */
export const maxFloat16 = 65_504;

/** The float32 bits of 2 ** -14, the smallest normal float16, and of 2 ** 16, which rounds to infinity. */
const smallestNormal = 0x38800000;
const infinite = 0x47800000;

let widened: Float32Array | undefined;

/** Converts float16 to float32, exactly. */
export function widenFloat16(bits: Uint16Array): Float32Array {
  widened ??= Float32Array.from({ length: 65_536 }, (_, index) => widen(index));
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = widened[bits[i]!]!;
  return values;
}

/** Rounds to the nearest float16, ties to even. Magnitudes of 65520 and above become infinite. */
export function narrowToFloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const subnormal = new Float32Array(1);
  const subnormalWord = new Uint32Array(subnormal.buffer);
  const narrowed = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const magnitude = words[i]! & 0x7fffffff;
    let bits: number;
    if (magnitude >= infinite) {
      bits = magnitude > 0x7f800000 ? 0x7e00 : 0x7c00;
    } else if (magnitude < smallestNormal) {
      // From 0.5 on, float32 values are spaced like subnormal float16 values, so the addition does the rounding.
      subnormal[0] = Math.abs(values[i]!) + 0.5;
      bits = subnormalWord[0]! - 0x3f000000;
    } else {
      const tieToEven = (magnitude >>> 13) & 1;
      bits = (magnitude - (112 << 23) + 0xfff + tieToEven) >>> 13;
    }
    narrowed[i] = ((words[i]! >>> 16) & 0x8000) | bits;
  }
  return narrowed;
}

function widen(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
