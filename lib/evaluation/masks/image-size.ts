import sharp from "sharp";
import { readRegularFile } from "../../files/regular-file.js";
import { readBmpHeader } from "../../image/decoders/bmp-header.js";
import { ByteReader } from "../../image/decoders/byte-reader.js";
import { readFormats, sniffFormat } from "../../image/formats.js";

/** The size of an image file by its header; undefined if it cannot be told so. */
export async function sizeOfImage(path: string): Promise<{ width: number; height: number } | undefined> {
  try {
    const bytes = await readRegularFile(path);
    if (sniffFormat(bytes) === readFormats.bmp)
      return readBmpHeader(new ByteReader(bytes, "little-endian"), path);
    const { width, height, orientation = 1, format } = await sharp(bytes).metadata();
    // Of all formats, the orientation of TIFF alone is applied. From 5 on it swaps the sides.
    return format === "tiff" && orientation >= 5 ? { width: height, height: width } : { width, height };
  } catch {
    return undefined;
  }
}
