/** Thrown where a file ends before what its header promises. */
export class CutShort extends Error {}

/** Reads numbers out of a file's bytes, never past their end. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #littleEndian: boolean;

  constructor(bytes: Uint8Array, byteOrder: "little-endian" | "big-endian") {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#littleEndian = byteOrder === "little-endian";
  }

  get length(): number {
    return this.bytes.byteLength;
  }

  u8(at: number): number {
    return this.#view.getUint8(this.#within(at, 1));
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#within(at, 2), this.#littleEndian);
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#within(at, 4), this.#littleEndian);
  }

  i32(at: number): number {
    return this.#view.getInt32(this.#within(at, 4), this.#littleEndian);
  }

  /** As a number, which is exact for every place that a file can have. */
  u64(at: number): number {
    return Number(this.#view.getBigUint64(this.#within(at, 8), this.#littleEndian));
  }

  /** `length` bytes from a place on, over the same memory. */
  slice(at: number, length: number): Uint8Array {
    this.#within(at, length);
    return this.bytes.subarray(at, at + length);
  }

  #within(at: number, length: number): number {
    if (!(at >= 0 && length >= 0 && at + length <= this.length)) {
      throw new CutShort(`it is cut short: byte ${at + length} is needed, and it has ${this.length}`);
    }
    return at;
  }
}
