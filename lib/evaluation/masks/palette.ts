import { readBmpHeader } from "../../image/decoders/bmp-header.js";
import { ByteReader } from "../../image/decoders/byte-reader.js";
import { tags, TiffFile } from "../../image/decoders/tiff-directory.js";
import type { Samples } from "../../image/samples.js";

/** The colour of a palette's index 0, 8 bits per channel: the background of a mask. */
export type FirstColour = readonly [red: number, green: number, blue: number];

/** The first colour of the palette of a file that has been decoded; undefined if it has no palette. */
export function firstColourOf(bytes: Uint8Array, name: string, { format }: Samples): FirstColour | undefined {
  if (format === "png") return pngPalette(new ByteReader(bytes, "big-endian"));
  if (format === "gif") return gifPalette(new ByteReader(bytes, "little-endian"));
  if (format === "tiff") return tiffPalette(bytes);
  if (format !== "bmp") return undefined;
  const { palette } = readBmpHeader(new ByteReader(bytes, "little-endian"), name);
  return palette && firstOf(palette.colours);
}

function pngPalette(reader: ByteReader): FirstColour | undefined {
  const indexed = 3;
  if (reader.u8(25) !== indexed) return undefined;
  for (let at = 8; ;) {
    const length = reader.u32(at);
    const type = String.fromCharCode(...reader.slice(at + 4, 4));
    if (type === "PLTE") return firstOf(reader.slice(at + 8, length));
    at += 12 + length;
  }
}

/** From the file's palette, or else from that of its first frame. */
function gifPalette(reader: ByteReader): FirstColour | undefined {
  const size = (packed: number) => (packed & 0x80 ? 2 ** ((packed & 7) + 1) : 0);
  const global = size(reader.u8(10));
  if (global > 0) return firstOf(reader.slice(13, global * 3));
  // Extensions precede the frame. Each is a label and blocks up to one of length 0.
  let at = 13;
  while (reader.u8(at) === 0x21) {
    at += 2;
    while (reader.u8(at) !== 0) at += 1 + reader.u8(at);
    at++;
  }
  const local = size(reader.u8(at + 9));
  return local > 0 ? firstOf(reader.slice(at + 10, local * 3)) : undefined;
}

function tiffPalette(bytes: Uint8Array): FirstColour | undefined {
  const [page] = new TiffFile(bytes).directories;
  const indexed = 3;
  if (page?.number(tags.photometric, 1) !== indexed) return undefined;
  // All reds, then all greens, then all blues, 16 bits each.
  const map = page.list(tags.colourMap) ?? [];
  return firstOf(Uint8Array.from([0, 1, 2], (channel) => map[(channel * map.length) / 3]! >> 8));
}

function firstOf(colours: Uint8Array): FirstColour | undefined {
  return colours.length < 3 ? undefined : [colours[0]!, colours[1]!, colours[2]!];
}
