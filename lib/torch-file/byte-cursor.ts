import { PickleError, PickleEndError } from "./pickle-error.js";

/** The longest text line in a pickle, in bytes: lines hold module and class names. */
const maxLine = 256;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the numbers and strings of a pickle one after another. Numbers are little-endian unless stated otherwise. */
export class ByteCursor {
  position: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  /** A view of the next bytes. @throws PickleEndError if fewer are left. */
  take(length: number): Buffer {
    const end = this.position + length;
    if (end > this.#bytes.length) throw new PickleEndError();
    const taken = this.#bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  uint8(): number {
    return this.take(1).readUInt8();
  }

  uint16(): number {
    return this.take(2).readUInt16LE();
  }

  int32(): number {
    return this.take(4).readInt32LE();
  }

  uint32(): number {
    return this.take(4).readUInt32LE();
  }

  uint64(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  /** A big-endian number: the only one in a pickle. */
  float64(): number {
    return this.take(8).readDoubleBE();
  }

  /** A two's-complement integer of any length: a number if that is exact, otherwise a bigint. */
  integer(length: number): number | bigint {
    let value = 0n;
    for (const byte of [...this.take(length)].reverse()) value = (value << 8n) | BigInt(byte);
    const signed = BigInt.asIntN(length * 8, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  text(length: number): string {
    return decode(this.take(length));
  }

  /** The text up to the next line feed, which is skipped. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end === -1 && this.#bytes.length - this.position <= maxLine) throw new PickleEndError();
    if (end === -1 || end - this.position > maxLine)
      throw new PickleError("contains a name that is too long");
    const line = this.text(end - this.position);
    this.position = end + 1;
    return line;
  }
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new PickleError("contains text that is not UTF-8");
  }
}
