import { elementCount } from "../tensor/element-count.js";

/** How the elements of a tensor are laid out in memory. */
export interface StridedView {
  readonly shape: readonly number[];
  /** The distance from one index to the next, in elements, for each dimension. */
  readonly stride: readonly number[];
}

type Elements = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/**
 * Copies the elements of a tensor into row-major order.
 *
 * @param bytes From the first element of the tensor to the last one in memory, aligned to `elementBytes`.
 * @param elementBytes 1, 2, 4 or 8.
 * @param view Has at least one element, and lies within `bytes`.
 */
export function gather(
  bytes: Buffer<ArrayBuffer>,
  elementBytes: number,
  view: StridedView,
): Buffer<ArrayBuffer> {
  const { shape, stride } = view;
  const count = elementCount(shape);
  const result = Buffer.allocUnsafeSlow(count * elementBytes);
  const source = elements(bytes, elementBytes);
  const target = elements(result, elementBytes);
  const rowLength = shape.at(-1) ?? 1;
  const rowStride = stride.at(-1) ?? 1;
  const index = new Array<number>(Math.max(shape.length - 1, 0)).fill(0);
  for (let done = 0, from = 0; done < count; done += rowLength) {
    for (let i = 0; i < rowLength; i++) target[done + i] = source[from + i * rowStride]!;
    // Move to the next row like an odometer: a dimension that overflows restarts and advances the one before it.
    for (let d = index.length - 1; d >= 0; d--) {
      from += stride[d]!;
      if (++index[d]! < shape[d]!) break;
      from -= stride[d]! * shape[d]!;
      index[d] = 0;
    }
  }
  return result;
}

/** Views elements as integers of their size. They are copied, never interpreted. */
function elements(bytes: Buffer<ArrayBuffer>, elementBytes: number): Elements {
  const { buffer, byteOffset, byteLength } = bytes;
  const length = byteLength / elementBytes;
  switch (elementBytes) {
    case 1:
      return new Uint8Array(buffer, byteOffset, length);
    case 2:
      return new Uint16Array(buffer, byteOffset, length);
    case 4:
      return new Uint32Array(buffer, byteOffset, length);
    default:
      return new BigUint64Array(buffer, byteOffset, length);
  }
}
