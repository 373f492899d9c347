/** How the elements of a tensor lie in memory. */
export interface StridedView {
  readonly shape: readonly number[];
  /** Elements from one index to the next, of each dimension. */
  readonly stride: readonly number[];
}

type Elements = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/**
 * Copies the elements of a tensor into row-major order.
 *
 * @param bytes From the tensor's first element to the one that lies last, aligned to `elementBytes`.
 * @param elementBytes 1, 2, 4 or 8.
 * @param view Of at least one element, all within `bytes`.
 */
export function gather(
  bytes: Buffer<ArrayBuffer>,
  elementBytes: number,
  view: StridedView,
): Buffer<ArrayBuffer> {
  const { shape, stride } = view;
  const count = shape.reduce((product, length) => product * length, 1);
  const result = Buffer.allocUnsafeSlow(count * elementBytes);
  const source = elements(bytes, elementBytes);
  const target = elements(result, elementBytes);
  const rowLength = shape.at(-1) ?? 1;
  const rowStride = stride.at(-1) ?? 1;
  const index = new Array<number>(Math.max(shape.length - 1, 0)).fill(0);
  for (let done = 0, from = 0; done < count; done += rowLength) {
    for (let i = 0; i < rowLength; i++) target[done + i] = source[from + i * rowStride]!;
    // The next row: like an odometer, a dimension that is through begins anew and moves the one before it.
    for (let d = index.length - 1; d >= 0; d--) {
      from += stride[d]!;
      if (++index[d]! < shape[d]!) break;
      from -= stride[d]! * shape[d]!;
      index[d] = 0;
    }
  }
  return result;
}

/** Elements as numbers of their size, which are copied and never looked at. */
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
