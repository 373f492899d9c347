import { ServiceError } from "../problems/service-error.js";

/** The types of the Open Inference Protocol that the service reads or writes, with the bytes of a value. */
export const datatypes = { BYTES: undefined, UINT8: 1, UINT16: 2, FP32: 4, FP64: 8 } as const;

/** The name of a type of tensors. */
export type Datatype = keyof typeof datatypes;

/** A tensor as a request brings it: its values in JSON, or their bytes behind the JSON. */
export interface GivenTensor {
  name: string;
  shape: number[];
  datatype: Datatype;
  values: readonly unknown[] | Buffer;
}

/** The number of values of a tensor of this shape. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/**
 * The values of a tensor of numbers, as little-endian bytes.
 *
 * @throws ServiceError `INVALID_REQUEST` if there are too few or too many, or one does not fit the type.
 */
export function numberBytes({ name, shape, datatype, values }: GivenTensor, size: 1 | 2): Buffer {
  const count = countOf(shape);
  if (Buffer.isBuffer(values)) {
    if (values.length === count * size) return values;
    throw wrong(
      name,
      `of the shape [${shape.join(", ")}] and type ${datatype} has ${count * size} bytes; got ${values.length}`,
    );
  }
  const flat = flatten(values);
  if (flat.length !== count)
    throw wrong(name, `of the shape [${shape.join(", ")}] has ${count} values; got ${flat.length}`);
  const most = 256 ** size - 1;
  const bytes = Buffer.allocUnsafe(count * size);
  flat.forEach((value, index) => {
    if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > most)
      throw wrong(
        name,
        `of the type ${datatype} has whole numbers from 0 to ${most}; got ${JSON.stringify(value)}`,
      );
    bytes.writeUIntLE(value as number, index * size, size);
  });
  return bytes;
}

/**
 * The elements of a tensor of bytes. In the binary form, a length of 4 bytes comes before each; in JSON, they are
 * strings in base64, because JSON cannot hold bytes.
 *
 * @throws ServiceError `INVALID_REQUEST`
 */
export function byteElements({ name, shape, values }: GivenTensor): Buffer[] {
  const elements = Buffer.isBuffer(values)
    ? lengthPrefixed(name, values)
    : flatten(values).map((each) => base64(name, each));
  const count = countOf(shape);
  if (elements.length === count) return elements;
  throw wrong(name, `of the shape [${shape.join(", ")}] has ${count} elements; got ${elements.length}`);
}

/** Writes elements with their lengths before them. */
export function withLengths(elements: readonly Buffer[]): Buffer {
  return Buffer.concat(
    elements.flatMap((element) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(element.length);
      return [length, element];
    }),
  );
}

/** The error for a tensor that is not what it says. */
export function wrong(name: string, what: string): ServiceError {
  return new ServiceError("INVALID_REQUEST", `The input ${JSON.stringify(name)} ${what}.`);
}

function lengthPrefixed(name: string, bytes: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at + 4;
    const end = start > bytes.length ? Infinity : start + bytes.readUInt32LE(at);
    if (end > bytes.length)
      throw wrong(name, "is cut short: an element is longer than the bytes that are left");
    elements.push(bytes.subarray(start, end));
    at = end;
  }
  return elements;
}

function base64(name: string, value: unknown): Buffer {
  if (typeof value === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(value)) return Buffer.from(value, "base64");
  throw wrong(name, "has strings in base64 in JSON; send other bytes in the binary form");
}

/** Values may be nested as the shape is, or flat. */
function flatten(values: readonly unknown[]): unknown[] {
  const flat: unknown[] = [];
  const stack = [values.values()];
  while (stack.length > 0) {
    const { done, value } = stack.at(-1)!.next();
    if (done) stack.pop();
    else if (!Array.isArray(value)) flat.push(value);
    // Deeper than any shape that is accepted.
    else if (stack.length > 8)
      throw new ServiceError("INVALID_REQUEST", "The data of an input is nested too deeply.");
    else stack.push((value as unknown[]).values());
  }
  return flat;
}
