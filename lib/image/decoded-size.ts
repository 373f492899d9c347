import { constants } from "node:buffer";
import { imageOptions } from "../options/images.js";
import { invalidImage } from "./invalid-image.js";

/** The pixels that are decoded unless a call says otherwise. */
export const defaultMaxPixels = imageOptions.maxPixels.default;

/** The most bytes that a decoded image may take: the longest Buffer that Node.js 20 can make. */
export const mostBytes = 2 ** 32;

/** What an image's header says about the memory that decoding it takes. */
export interface DecodedSize {
  width: number;
  height: number;
  channels: number;
  /** Bytes of one channel of one pixel. */
  sampleBytes: number;
}

/**
 * Refuses an image that is too large to be decoded. Every decoder calls it before it allocates memory.
 *
 * @param name The image's path, or what it is called if it has none.
 * @throws ReverseDistillationError `INVALID_IMAGE`
 */
export function requireDecodable(
  name: string,
  { width, height, channels, sampleBytes }: DecodedSize,
  maxPixels: number,
): void {
  const pixels = width * height;
  if (pixels > maxPixels) {
    throw invalidImage(
      name,
      `has ${width} x ${height} pixels, ${millions(pixels)}; maxPixels allows ${millions(maxPixels)}: raise it ` +
        "(--max-pixels on the command line), scale the image down, or cut it into tiles",
    );
  }
  const needed = pixels * channels * sampleBytes;
  if (needed <= mostBytes) return;
  throw invalidImage(
    name,
    `is ${width} x ${height} pixels, which take ${gibibytes(needed)} GiB when decoded; at most ${gibibytes(mostBytes)} ` +
      "GiB are; cut it into tiles, or scale it down",
  );
}

/**
 * How large a file with an image of so many pixels may be: it has room for four channels of 32 bits, not compressed, and
 * for metadata.
 */
export function fileLimit(maxPixels: number): { maxBytes: number; reason: string } {
  const maxBytes = Math.min(16 * maxPixels + 2 ** 24, constants.MAX_LENGTH);
  return { maxBytes, reason: `, which follows from maxPixels ${maxPixels}` };
}

/** "268.4 million"; a number below a million as it is. */
function millions(count: number): string {
  return count < 1e6 ? String(count) : `${Number((count / 1e6).toFixed(1))} million`;
}

function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
