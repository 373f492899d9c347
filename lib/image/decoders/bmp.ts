import { requireDecodable } from "../decoded-size.js";
import { invalidImage } from "../invalid-image.js";
import type { Samples } from "../samples.js";
import { readBmpHeader, type BmpHeader } from "./bmp-header.js";
import { readRunLengths } from "./bmp-runs.js";
import { ByteReader, CutShort } from "./byte-reader.js";

/**
 * Decodes a Windows or OS/2 bitmap: 1, 2, 4, 8, 16, 24 or 32 bits per pixel, with palettes, bit fields or run lengths, from
 * the bottom or from the top. Pixels are those of Python's PIL. An image whose whole palette is grey has one channel;
 * alpha is dropped.
 *
 * @throws ReverseDistillationError `INVALID_IMAGE`
 * @throws CutShort
 */
export function decodeBmp(bytes: Uint8Array, name: string, { maxPixels }: { maxPixels: number }): Samples {
  const reader = new ByteReader(bytes, "little-endian");
  const header = readBmpHeader(reader, name);
  const { width, height, palette } = header;
  const channels = palette !== undefined && palette.grey ? 1 : 3;
  requireDecodable(name, { width, height, channels, sampleBytes: 1 }, maxPixels);
  const data = header.runLengths
    ? decodeIndices(readRunLengths(reader, header, name), header, name)
    : decodeRows(rowsOf(reader, header), header, name);
  return { data, width, height, channels, depth: 8, format: "bmp" };
}

/** The rows as they lie in the file, each of whole groups of 4 bytes, once they are found to be all there. */
function rowsOf(reader: ByteReader, { width, height, bits, pixels }: BmpHeader): Uint8Array[] {
  const rowBytes = Math.ceil((width * bits) / 8);
  const stride = Math.ceil(rowBytes / 4) * 4;
  // The last row may lack its padding.
  const needed = stride * (height - 1) + rowBytes;
  if (pixels + needed > reader.length) {
    throw new CutShort(
      `it is cut short: its pixels need ${needed} bytes, and ${Math.max(0, reader.length - pixels)} are left`,
    );
  }
  return Array.from({ length: height }, (_, row) => reader.slice(pixels + row * stride, rowBytes));
}

function decodeRows(rows: Uint8Array[], header: BmpHeader, name: string): Uint8Array {
  const { width, height, bits, topDown, palette } = header;
  if (palette !== undefined) {
    const indices = new Uint8Array(width * height);
    rows.forEach((row, y) => unpackIndices(row, bits, indices.subarray(y * width, (y + 1) * width)));
    return decodeIndices(indices, header, name);
  }
  const data = new Uint8Array(width * height * 3);
  const decode = bits === 24 || header.fields === undefined ? decodeBytes : decodeFields;
  rows.forEach((row, y) => {
    const start = (topDown ? y : height - 1 - y) * width * 3;
    decode(row, header, data.subarray(start, start + width * 3));
  });
  return data;
}

/** Blue, green and red, one byte each; the fourth of 32 bits is not used. */
function decodeBytes(row: Uint8Array, { bits }: BmpHeader, rgb: Uint8Array): void {
  const step = bits / 8;
  for (let from = 0, to = 0; to < rgb.length; from += step, to += 3) {
    rgb[to] = row[from + 2]!;
    rgb[to + 1] = row[from + 1]!;
    rgb[to + 2] = row[from]!;
  }
}

/** Colours anywhere within 16 or 32 bits, brought to 8 bits each, rounded down. */
function decodeFields(row: Uint8Array, { bits, fields }: BmpHeader, rgb: Uint8Array): void {
  const reader = new ByteReader(row, "little-endian");
  const step = bits / 8;
  for (let from = 0, to = 0; to < rgb.length; from += step) {
    const value = bits === 16 ? reader.u16(from) : reader.u32(from);
    for (const { shift, levels } of fields!) rgb[to++] = levels[(value >>> shift) & (levels.length - 1)]!;
  }
}

/** Indices of a row that are packed into bytes, from their upper bits on. */
function unpackIndices(row: Uint8Array, bits: number, indices: Uint8Array): void {
  if (bits === 8) {
    indices.set(row);
    return;
  }
  const each = 8 / bits;
  for (let x = 0; x < indices.length; x++) {
    indices[x] = (row[Math.floor(x / each)]! >> (8 - bits * ((x % each) + 1))) & ((1 << bits) - 1);
  }
}

/** @param indices Of the palette, rows as the file orders them. */
function decodeIndices(
  indices: Uint8Array,
  { width, height, topDown, palette }: BmpHeader,
  name: string,
): Uint8Array {
  const { colours, grey } = palette!;
  const count = colours.length / 3;
  const channels = grey ? 1 : 3;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, from = 0; y < height; y++) {
    let to = (topDown ? y : height - 1 - y) * width * channels;
    for (let x = 0; x < width; x++) {
      const index = indices[from++]!;
      if (index >= count) throw invalidImage(name, `is damaged: it uses colour ${index} of ${count}`);
      for (let channel = 0; channel < channels; channel++) data[to++] = colours[index * 3 + channel]!;
    }
  }
  return data;
}
