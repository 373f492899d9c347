/**
 * Arrays of float16 (IEEE 754 binary16), given by their bits. Node.js 20 has no such arrays, and libraries that read
 * and write single numbers take microseconds for each, of which a model has tens of millions.
 */

/** The largest finite number that float16 can hold. */
export const maxFloat16 = 65_504;

/** By bits of float32: the smallest normal number of float16, 2 ** -14, and 2 ** 16, which it has no number near. */
const smallestNormal = 0x38800000;
const infinite = 0x47800000;

let widened: Float32Array | undefined;

/** Numbers of float16 as float32: exact. */
export function widenFloat16(bits: Uint16Array): Float32Array {
  widened ??= Float32Array.from({ length: 65_536 }, (_, index) => widen(index));
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = widened[bits[i]!]!;
  return values;
}

/** The nearest float16 of each number, ties to even; from 65520 on they are infinite. */
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
      // Numbers of float32 around 0.5 are as far apart as subnormal ones of float16: the addition rounds as it should.
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
