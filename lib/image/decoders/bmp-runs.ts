import { invalidImage } from "../invalid-image.js";
import type { BmpHeader } from "./bmp-header.js";
import type { ByteReader } from "./byte-reader.js";

/**
 * The palette indices of a bitmap that is compressed as run lengths (RLE8 or RLE4), rows as the file orders them. Pixels
 * that the file passes over have the index 0. Memory is allocated once the runs are found to fill the last row.
 *
 * @throws ReverseDistillationError `INVALID_IMAGE` if they do not.
 * @throws CutShort
 */
export function readRunLengths(reader: ByteReader, header: BmpHeader, name: string): Uint8Array {
  walk(reader, header, name, () => undefined);
  const indices = new Uint8Array(header.width * header.height);
  walk(reader, header, name, (at, index) => (indices[at] = index));
  return indices;
}

/** @param put Is given each pixel that the file sets: its place, and its index. */
function walk(
  reader: ByteReader,
  { width, height, bits, pixels }: BmpHeader,
  name: string,
  put: (at: number, index: number) => void,
): void {
  const indexIn = (value: number, i: number) => (bits === 8 ? value : i % 2 === 0 ? value >> 4 : value & 15);
  let at = pixels;
  let x = 0;
  let y = 0;
  while (y < height && (y < height - 1 || x < width)) {
    const [count, value] = [reader.u8(at), reader.u8(at + 1)];
    at += 2;
    if (count > 0) {
      // Some writers round the last run of a row up.
      const end = Math.min(x + count, width);
      for (let i = 0; x < end; i++) put(y * width + x++, indexIn(value, i));
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) {
      throw invalidImage(name, `is cut short: its pixels end in row ${y + 1} of ${height}`);
    } else if (value === 2) {
      x += reader.u8(at);
      y += reader.u8(at + 1);
      at += 2;
      if (x > width || y >= height)
        throw invalidImage(name, "is damaged: its run lengths exceed the picture");
    } else {
      if (x + value > width) throw invalidImage(name, "is damaged: its run lengths exceed the picture");
      const packed = reader.slice(at, bits === 8 ? value : Math.ceil(value / 2));
      for (let i = 0; i < value; i++) put(y * width + x++, indexIn(packed[bits === 8 ? i : i >> 1]!, i));
      at += packed.length + (packed.length % 2);
    }
  }
}
