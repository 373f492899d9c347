import { invalidImage } from "../invalid-image.js";
import type { ByteReader } from "./byte-reader.js";

/** What a bitmap's headers say of its pixels. */
export interface BmpHeader {
  width: number;
  height: number;
  /** Bits per pixel. */
  bits: number;
  topDown: boolean;
  runLengths: boolean;
  /** Up to 8 bits per pixel. */
  palette?: { colours: Uint8Array; grey: boolean } | undefined;
  /** Red, green and blue within 16 or 32 bits, if they are not the bytes of BGR. */
  fields?: Field[] | undefined;
  /** Where the pixels begin. */
  pixels: number;
}

/** A colour within a pixel's bits. */
interface Field {
  shift: number;
  /** The 8 bits that each of its values stands for; as many as a power of 2. */
  levels: Uint8Array;
}

/** Sizes of the header that follows the file's own: OS/2 1 and 2, and Windows 3 to 5 with what came between. */
export const headerSizes: readonly number[] = [12, 16, 40, 52, 56, 64, 108, 124];
const fileHeader = 14;

/**
 * Reads the headers of a bitmap, whether or not it begins with that of a file ("BM").
 *
 * @throws ReverseDistillationError `INVALID_IMAGE`
 * @throws CutShort
 */
export function readBmpHeader(reader: ByteReader, name: string): BmpHeader {
  const start = reader.u16(0) === 0x4d42 ? fileHeader : 0;
  const size = reader.u32(start);
  if (!headerSizes.includes(size)) throw invalidImage(name, `is damaged: its header has a length of ${size}`);
  const short = size === 12;
  const width = short ? reader.u16(start + 4) : reader.i32(start + 4);
  const signedHeight = short ? reader.u16(start + 6) : reader.i32(start + 8);
  const height = Math.abs(signedHeight);
  if (width < 1 || height < 1) throw invalidImage(name, `is damaged: its size is ${width} x ${signedHeight}`);
  const bits = reader.u16(start + (short ? 10 : 14));
  const compression = size >= 40 ? reader.u32(start + 16) : 0;
  const declaredColours = size >= 40 ? reader.u32(start + 32) : 0;
  requireKind(bits, compression, size, name);

  const withFields = compression === 3 || compression === 6;
  // A header of 40 bytes is followed by the masks; longer ones contain them, at the same place.
  const masks = withFields ? [40, 44, 48].map((at) => reader.u32(start + at)) : undefined;
  const afterHeader = start + size + (withFields && size === 40 ? (compression === 6 ? 16 : 12) : 0);
  const entry = short ? 3 : 4;
  const colours = bits > 8 ? 0 : declaredColours === 0 ? 1 << bits : declaredColours;
  const afterPalette = afterHeader + colours * entry;
  const stated = start === 0 ? 0 : reader.u32(10);
  return {
    width,
    height,
    bits,
    topDown: signedHeight < 0,
    runLengths: compression === 1 || compression === 2,
    palette: bits <= 8 ? readPalette(reader, afterHeader, Math.min(colours, 1 << bits), entry) : undefined,
    fields: fieldsOf(bits, masks, name),
    // Some writers forget the palette in the place that they state.
    pixels: stated === 0 || stated === start + size ? afterPalette : stated,
  };
}

function requireKind(bits: number, compression: number, size: number, name: string): void {
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits)) {
    throw invalidImage(name, `is a BMP of ${bits} bits per pixel; 1, 2, 4, 8, 16, 24 and 32 are supported`);
  }
  // OS/2 has other meanings for the numbers from 3 on.
  const fits =
    compression === 0 ||
    (compression === 1 && bits === 8) ||
    (compression === 2 && bits === 4) ||
    ((compression === 3 || compression === 6) && size !== 64 && bits >= 16);
  if (fits) return;
  const embedded = size === 64 ? undefined : { 4: "JPEG", 5: "PNG" }[compression];
  const which = embedded ?? `number ${compression} at ${bits} bits per pixel`;
  throw invalidImage(
    name,
    `is a BMP with the compression ${which}, which is not supported; save it without compression, or as PNG`,
  );
}

function readPalette(reader: ByteReader, at: number, count: number, entry: number): BmpHeader["palette"] {
  const stored = reader.slice(at, count * entry);
  const colours = new Uint8Array(count * 3);
  for (let i = 0; i < colours.length; i++) colours[i] = stored[Math.floor(i / 3) * entry + 2 - (i % 3)]!;
  const grey = colours.every((value, i) => value === colours[i - (i % 3)]);
  return { colours, grey };
}

/** @param masks Of red, green and blue, if the file has them. */
function fieldsOf(bits: number, masks: number[] | undefined, name: string): Field[] | undefined {
  if (bits !== 16 && bits !== 32) return undefined;
  const usual = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  const given = masks === undefined || (bits === 32 && masks.every((mask) => mask === 0)) ? usual : masks;
  if (bits === 32 && given.every((mask, i) => mask === usual[i])) return undefined;
  return given.map((mask) => {
    const shift = 31 - Math.clz32(mask & -mask);
    const largest = mask >>> shift;
    const fits = mask !== 0 && (largest & (largest + 1)) === 0 && largest <= 255 && mask < 2 ** bits;
    if (!fits) {
      const list = given.map((each) => `0x${each.toString(16)}`).join(", ");
      throw invalidImage(
        name,
        `is a BMP with the bit fields ${list}, which are not supported; save it with 24 bits per pixel`,
      );
    }
    const levels = Uint8Array.from({ length: largest + 1 }, (_, value) =>
      Math.floor((value * 255) / largest),
    );
    return { shift, levels };
  });
}
