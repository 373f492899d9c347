import { ByteReader } from "./byte-reader.js";

/** What the chunks of a PNG before its pixels say. */
export interface PngHeader {
  /** Frames of an animation; 1 if it is none. */
  frames: number;
  /** Bits of a sample that count (sBIT), if the file says. */
  significantBits: number | undefined;
}

const [animationControl, significantBits, imageData] = ["acTL", "sBIT", "IDAT"];

/** @throws CutShort if it ends before its pixels. */
export function readPngHeader(bytes: Uint8Array): PngHeader {
  const reader = new ByteReader(bytes, "big-endian");
  const header: PngHeader = { frames: 1, significantBits: undefined };
  const colourType = reader.u8(25);
  for (let at = 8; ;) {
    const length = reader.u32(at);
    const type = String.fromCharCode(...reader.slice(at + 4, 4));
    if (type === imageData) return header;
    if (type === animationControl) header.frames = reader.u32(at + 8);
    // Grey has one number, RGB three; an alpha has one more, which does not count.
    if (type === significantBits && length > 0) {
      const channels = colourType === 0 || colourType === 4 ? 1 : 3;
      header.significantBits = Math.max(...reader.slice(at + 8, Math.min(length, channels)));
    }
    at += 12 + length;
  }
}
