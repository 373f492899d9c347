import { types } from "node:util";

/**
 * Arrays may come from another realm, with other classes: a test runner such as Jest gives each test file a realm of its
 * own, and the addon makes its arrays in the main one. These functions return a view of the same memory for which
 * `instanceof` holds in the realm of this module, which is the caller's.
 */

export function ownFloats(values: Float32Array): Float32Array {
  if (values instanceof Float32Array) return values;
  const { buffer, byteOffset, length } = values as Float32Array<ArrayBuffer>;
  return new Float32Array(buffer, byteOffset, length);
}

type Pixels = Uint8Array | Uint8ClampedArray | Uint16Array;

export function ownPixels(data: Pixels): Pixels {
  const View = types.isUint16Array(data)
    ? Uint16Array
    : types.isUint8ClampedArray(data)
      ? Uint8ClampedArray
      : Uint8Array;
  return data instanceof View ? data : new View(data.buffer as ArrayBuffer, data.byteOffset, data.length);
}
