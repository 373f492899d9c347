import { ReverseDistillationError } from "../errors/error.js";
import { elementCount } from "../tensor/element-count.js";
import type { TensorDtype } from "../tensor/named-tensor.js";

/** PyTorch's storage classes. */
const storageClasses: Readonly<Record<TensorDtype, string>> = {
  F64: "DoubleStorage",
  F32: "FloatStorage",
  F16: "HalfStorage",
  BF16: "BFloat16Storage",
  I64: "LongStorage",
  I32: "IntStorage",
  U8: "ByteStorage",
};

const codes = {
  proto: 0x80,
  stop: 0x2e,
  mark: 0x28,
  global: 0x63,
  reduce: 0x52,
  persistentId: 0x51,
  emptyDict: 0x7d,
  emptyTuple: 0x29,
  tuple: 0x74,
  setItems: 0x75,
  newFalse: 0x89,
  integer: 0x4a,
  longInteger: 0x8a,
  unicode: 0x58,
} as const;

/** Writes dictionaries and tensors as a protocol 2 pickle that `torch.load(weights_only=True)` reads. */
export class PickleWriter {
  readonly #parts: Uint8Array[] = [Uint8Array.of(codes.proto, 2)];

  /** Writes a dictionary. `items` writes its keys and values alternately. */
  dict(items: () => void): void {
    this.#code(codes.emptyDict);
    this.#items(items);
  }

  /** Writes a `collections.OrderedDict`. `items` writes its keys and values alternately. */
  orderedDict(items: () => void): void {
    this.#global("collections", "OrderedDict");
    this.#code(codes.emptyTuple, codes.reduce);
    this.#items(items);
  }

  /** Writes a contiguous tensor that fills the storage with this key. */
  tensor(key: string, dtype: TensorDtype, shape: readonly number[]): void {
    this.#global("torch._utils", "_rebuild_tensor_v2");
    this.#code(codes.mark);
    this.#storage(key, dtype, elementCount(shape));
    this.#integer(0);
    this.#integers(shape);
    this.#integers(contiguousStride(shape));
    this.#code(codes.newFalse);
    this.orderedDict(() => {});
    this.#code(codes.tuple, codes.reduce);
  }

  text(value: string): void {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(5);
    length.writeUInt8(codes.unicode);
    length.writeUInt32LE(bytes.length, 1);
    this.#parts.push(length, bytes);
  }

  /** Ends the pickle and returns its bytes. */
  finish(): Buffer {
    this.#code(codes.stop);
    return Buffer.concat(this.#parts);
  }

  #items(items: () => void): void {
    this.#code(codes.mark);
    items();
    this.#code(codes.setItems);
  }

  #storage(key: string, dtype: TensorDtype, length: number): void {
    this.#code(codes.mark);
    this.text("storage");
    this.#global("torch", storageClasses[dtype]);
    this.text(key);
    this.text("cpu");
    this.#integer(length);
    this.#code(codes.tuple, codes.persistentId);
  }

  #integers(values: readonly number[]): void {
    this.#code(codes.mark);
    for (const value of values) this.#integer(value);
    this.#code(codes.tuple);
  }

  #integer(value: number): void {
    if (!Number.isSafeInteger(value))
      throw new ReverseDistillationError("INTERNAL", `${value} is not a valid size.`);
    const bytes = Buffer.alloc(10);
    if (value < 2 ** 31) {
      bytes.writeUInt8(codes.integer);
      bytes.writeInt32LE(value, 1);
      this.#parts.push(bytes.subarray(0, 5));
    } else {
      bytes.writeUInt8(codes.longInteger);
      bytes.writeUInt8(8, 1);
      bytes.writeBigInt64LE(BigInt(value), 2);
      this.#parts.push(bytes);
    }
  }

  #global(module: string, name: string): void {
    this.#parts.push(Uint8Array.of(codes.global), Buffer.from(`${module}\n${name}\n`));
  }

  #code(...bytes: number[]): void {
    this.#parts.push(Uint8Array.from(bytes));
  }
}

function contiguousStride(shape: readonly number[]): number[] {
  return shape.map((_, d) =>
    shape.slice(d + 1).reduce((product, length) => product * Math.max(length, 1), 1),
  );
}
