import { requireDecodable } from "../decoded-size.js";
import { invalidImage } from "../invalid-image.js";
import type { Samples } from "../samples.js";
import { CutShort } from "./byte-reader.js";

/** What a PNM file's header says. */
interface PnmHeader {
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
  /** The value of white. */
  white: number;
  /** How samples are stored: as text, as bits of which 1 is black, or as one or two bytes each. */
  storage: "text" | "text-bits" | "bits" | "bytes";
  /** Where they begin. */
  start: number;
}

/**
 * Decodes PBM, PGM, PPM (P1 to P6) and PAM (P7), of 8 and 16 bits. Pixels are those of Python's PIL: values are scaled to
 * 255 if white is up to 255. Deeper ones stay as they are if white is 2 ** depth - 1, and are scaled to 65535 otherwise.
 *
 * @throws ReverseDistillationError `INVALID_IMAGE`
 * @throws CutShort
 */
export function decodePnm(bytes: Uint8Array, name: string, { maxPixels }: { maxPixels: number }): Samples {
  const header = readHeader(bytes, name);
  const { width, height, channels, white, storage, start } = header;
  requireDecodable(name, { width, height, channels, sampleBytes: white > 255 ? 2 : 1 }, maxPixels);
  const count = width * height * channels;
  const stored =
    storage === "bits"
      ? readBits(bytes, header)
      : storage === "bytes"
        ? readBytes(bytes, start, count, white)
        : readText(bytes, header, name);
  if (storage === "bits" || storage === "bytes") requireLast(bytes, header, name);
  const depth = white <= 255 ? 8 : Math.log2(white + 1) % 1 === 0 ? Math.log2(white + 1) : 16;
  const data = scale(stored, white, 2 ** depth - 1, name);
  return { data, width, height, channels, depth, format: "pnm" };
}

function readHeader(bytes: Uint8Array, name: string): PnmHeader {
  const kind = bytes[1]! - 0x30;
  const words = new Words(bytes, 2, name);
  if (kind === 7) return readPamHeader(words, name);
  const [width, height] = [words.number("width"), words.number("height")];
  const white = kind === 1 || kind === 4 ? 1 : words.number("largest value");
  requireRange(width, height, white, name);
  return {
    width,
    height,
    channels: kind === 3 || kind === 6 ? 3 : 1,
    white,
    storage: kind === 1 ? "text-bits" : kind === 4 ? "bits" : kind <= 3 ? "text" : "bytes",
    start: words.at,
  };
}

/** Lines of a key and its value, in any order, up to ENDHDR. */
function readPamHeader(words: Words, name: string): PnmHeader {
  const found: Record<string, number> = {};
  for (let key = words.next(); key !== "ENDHDR"; key = words.next()) {
    if (key === "TUPLTYPE") words.next();
    else if (["WIDTH", "HEIGHT", "DEPTH", "MAXVAL"].includes(key)) found[key] = words.number(key);
    else throw invalidImage(name, "is damaged: its PAM header is invalid");
  }
  const { WIDTH: width = 0, HEIGHT: height = 0, DEPTH: channels = 0, MAXVAL: white = 0 } = found;
  requireRange(width, height, white, name);
  if (channels < 1 || channels > 4) {
    throw invalidImage(name, `has ${channels} channels; save only the ones you need, as grey or RGB`);
  }
  return { width, height, channels: channels as 1 | 2 | 3 | 4, white, storage: "bytes", start: words.at };
}

function requireRange(width: number, height: number, white: number, name: string): void {
  if (width < 1 || height < 1) throw invalidImage(name, `is damaged: its size is ${width} x ${height}`);
  if (white < 1 || white > 65_535) {
    throw invalidImage(name, `is damaged: its maximum value is ${white}, which must be from 1 to 65535`);
  }
}

/** Words between white space, without comments. */
class Words {
  /** After the one white space that ends the last word. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #name: string;

  constructor(bytes: Uint8Array, at: number, name: string) {
    this.#bytes = bytes;
    this.at = at;
    this.#name = name;
  }

  next(): string {
    let word = "";
    for (; this.at < this.#bytes.length; this.at++) {
      const byte = this.#bytes[this.at]!;
      if (byte === hash) this.#skipComment();
      else if (!isSpace(byte)) word += String.fromCharCode(byte);
      else if (word !== "") {
        this.at++;
        return word;
      }
      if (word.length > longestWord) throw this.#damaged();
    }
    throw new CutShort("it is cut short: its header does not end");
  }

  number(what: string): number {
    const word = this.next();
    if (!/^\d+$/.test(word))
      throw invalidImage(this.#name, `is damaged: its ${what.toLowerCase()} is not a number`);
    return Number(word);
  }

  /** Up to the last byte before the line's end. */
  #skipComment(): void {
    while (this.at + 1 < this.#bytes.length && !isLineEnd(this.#bytes[this.at + 1]!)) this.at++;
  }

  #damaged() {
    return invalidImage(this.#name, "is damaged: its PNM header is invalid");
  }
}

const hash = 0x23;
const longestWord = 20;
const isLineEnd = (byte: number) => byte === 10 || byte === 13;
const isSpace = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13);

function readBits(bytes: Uint8Array, { width, height, start }: PnmHeader): Uint8Array {
  const rowBytes = Math.ceil(width / 8);
  requireBytes(bytes, start, rowBytes * height);
  const values = new Uint8Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    const row = start + y * rowBytes;
    for (let x = 0; x < width; x++) values[to++] = ((bytes[row + (x >> 3)]! >> (7 - (x & 7))) & 1) ^ 1;
  }
  return values;
}

/** Over the file's memory if values are bytes; values of 16 bits are stored with the upper byte first. */
function readBytes(bytes: Uint8Array, start: number, count: number, white: number): Uint8Array | Uint16Array {
  const length = white > 255 ? count * 2 : count;
  requireBytes(bytes, start, length);
  const stored = new Uint8Array(bytes.buffer, bytes.byteOffset + start, length);
  if (white <= 255) return stored;
  const copy = Buffer.alloc(length);
  copy.set(stored);
  copy.swap16();
  return new Uint16Array(copy.buffer, copy.byteOffset, count);
}

function requireBytes(bytes: Uint8Array, start: number, length: number): void {
  if (start + length > bytes.length) {
    throw new CutShort(
      `it is cut short: its pixels need ${length} bytes, and ${bytes.length - start} are left`,
    );
  }
}

/** Files of this format may hold one image after the other. */
function requireLast(
  bytes: Uint8Array,
  { width, height, channels, white, storage, start }: PnmHeader,
  name: string,
): void {
  const length =
    storage === "bits" ? Math.ceil(width / 8) * height : width * height * channels * (white > 255 ? 2 : 1);
  const after = Buffer.from(bytes.subarray(start + length, start + length + 8)).toString("latin1");
  if (/^\s*P[1-7]\s/.test(after))
    throw invalidImage(name, "contains several images; save the one you need to a file of its own");
}

/** Numbers between white space; of a bitmap, digits that need none between them, of which 1 is black. */
function readText(
  bytes: Uint8Array,
  { width, height, channels, white, storage, start }: PnmHeader,
  name: string,
): Uint8Array | Uint16Array {
  const count = width * height * channels;
  const digits = storage === "text-bits";
  requireBytes(bytes, start, digits ? count : count * 2 - 1);
  const values = white > 255 ? new Uint16Array(count) : new Uint8Array(count);
  let done = 0;
  let value = -1;
  const end = () => {
    if (value > white) requireAtMost(white, Uint16Array.of(Math.min(value, 65_535)), name);
    if (value >= 0) values[done++] = digits ? value ^ 1 : value;
    value = -1;
  };
  for (let at = start; at < bytes.length && done < count; at++) {
    const byte = bytes[at]!;
    if (byte === hash) while (at + 1 < bytes.length && !isLineEnd(bytes[at + 1]!)) at++;
    else if (isSpace(byte)) end();
    else if (byte < 0x30 || byte > 0x39)
      throw invalidImage(name, "is damaged: it contains something that is not a number");
    else {
      if (digits) end();
      value = Math.max(value, 0) * 10 + byte - 0x30;
      if (value > 65_535) end();
    }
  }
  if (done < count) end();
  if (done < count) throw new CutShort(`it is cut short: it holds ${done} of ${count} values`);
  return values;
}

function requireAtMost(white: number, values: Uint8Array | Uint16Array, name: string): void {
  const above = (values as Uint8Array).find((value) => value > white);
  if (above === undefined) return;
  throw invalidImage(name, `is damaged: it contains the value ${above}, but states a maximum of ${white}`);
}

/** As PIL scales: rounded, and halves to the even number. */
function scale(
  values: Uint8Array | Uint16Array,
  from: number,
  to: number,
  name: string,
): Uint8Array | Uint16Array {
  if (from < (values.BYTES_PER_ELEMENT === 1 ? 255 : 65_535)) requireAtMost(from, values, name);
  if (from === to) return values;
  const table = Array.from({ length: from + 1 }, (_, value) => roundToEven((value / from) * to));
  return values.map((value) => table[value]!);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
