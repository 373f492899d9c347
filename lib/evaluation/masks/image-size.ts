import sharp from "sharp";
import { readRegularFile } from "../../files/regular-file.js";
import { fileLimit } from "../../image/decoded-size.js";
import { readBmpHeader } from "../../image/decoders/bmp-header.js";
import { ByteReader } from "../../image/decoders/byte-reader.js";
import { readFormats, sniffFormat } from "../../image/formats.js";

/**
 * The size of an image file, from its header; undefined if it cannot be determined.
 *
 * @param maxPixels A file that is larger than such an image can be is not read.
 */
export async function sizeOfImage(
  path: string,
  maxPixels: number,
): Promise<{ width: number; height: number } | undefined> {
  try {
    const bytes = await readRegularFile(path, fileLimit(maxPixels));
    if (sniffFormat(bytes) === readFormats.bmp)
      return readBmpHeader(new ByteReader(bytes, "little-endian"), path);
    const { width, height, orientation = 1, format } = await sharp(bytes).metadata();
    // Only the orientation of TIFF files is applied. From 5 on, it swaps width and height.
    return format === "tiff" && orientation >= 5 ? { width: height, height: width } : { width, height };
  } catch {
    return undefined;
  }
}
