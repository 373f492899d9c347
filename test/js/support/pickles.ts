/** Builds pickles byte by byte, such as no honest writer would write. */

export const proto2 = Buffer.of(0x80, 2);
export const stop = Buffer.from(".");
export const mark = Buffer.from("(");
export const tuple = Buffer.from("t");
export const reduce = Buffer.from("R");
export const emptyTuple = Buffer.from(")");
export const emptyDict = Buffer.from("}");
export const emptyList = Buffer.from("]");
export const setItems = Buffer.from("u");
export const persistentId = Buffer.from("Q");

export function global(module: string, name: string): Buffer {
  return Buffer.from(`c${module}\n${name}\n`);
}

export function text(value: string): Buffer {
  const content = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  return Buffer.concat([Buffer.from("X"), length, content]);
}

/** A whole number of 64 bits with its sign. */
export function integer(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return Buffer.concat([Buffer.of(0x8a, 8), bytes]);
}

export function tupleOf(...items: Buffer[]): Buffer {
  return Buffer.concat([mark, ...items, tuple]);
}

export function pickle(...parts: Buffer[]): Buffer {
  return Buffer.concat([proto2, ...parts, stop]);
}

export function storage(
  key: string,
  length: number | bigint,
  type = global("torch", "FloatStorage"),
): Buffer {
  return Buffer.concat([
    tupleOf(text("storage"), type, text(key), text("cpu"), integer(length)),
    persistentId,
  ]);
}

/** A call of `_rebuild_tensor_v2`. */
export function tensor(place: {
  storage: Buffer;
  offset?: number | bigint;
  shape: (number | bigint)[];
  stride: (number | bigint)[];
}): Buffer {
  const args = tupleOf(
    place.storage,
    integer(place.offset ?? 0),
    tupleOf(...place.shape.map(integer)),
    tupleOf(...place.stride.map(integer)),
    Buffer.of(0x89),
    Buffer.concat([global("collections", "OrderedDict"), emptyTuple, reduce]),
  );
  return Buffer.concat([global("torch._utils", "_rebuild_tensor_v2"), args, reduce]);
}

/** A dictionary of one item. */
export function dictOf(key: string, value: Buffer): Buffer {
  return Buffer.concat([emptyDict, mark, text(key), value, setItems]);
}
