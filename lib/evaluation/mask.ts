import { inTurns } from "../errors/long-work.js";
import { integer, path as checkPath } from "../errors/validate.js";
import { readRegularFile } from "../files/regular-file.js";
import { defaultMaxPixels, fileLimit } from "../image/decoded-size.js";
import { decodeSamples } from "../image/decode-samples.js";
import { wholeImage, type MapPart } from "../image/anomaly-map.js";
import type { DecodeOptions } from "../image/decode.js";
import { markedPixels, type Marked } from "./masks/marked.js";
import { firstColourOf } from "./masks/palette.js";

/** A mask at its own size. */
export interface ReadMask extends Marked {
  path: string;
}

/**
 * Reads the mask of an image's defects, or the union of several masks, and resizes it by nearest neighbour, pixel for pixel
 * as Python's PIL does with `resize(size, Image.NEAREST)`.
 *
 * The background is black, index 0 of a palette, or transparent if only alpha varies; everything else is marked.
 * `markedPixels` and `readingOf` describe the rules, including those for grey levels. Masks may have any depth and sign.
 *
 * @param height Rows of the result, such as those of an anomaly map.
 * @param width Columns of the result.
 * @returns `[height, width]`, 1 where anomalous and 0 elsewhere.
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_IMAGE` if a mask cannot be decoded, is too large or its
 * values have no meaning, `INVALID_ARGUMENT` for an invalid size.
 */
export async function readMask(
  path: string | URL | readonly (string | URL)[],
  height: number,
  width: number,
  options: DecodeOptions = {},
): Promise<Uint8Array> {
  integer("height", height, 1, 65_535);
  integer("width", width, 1, 65_535);
  const paths = Array.isArray(path) ? (path as readonly (string | URL)[]) : [path as string | URL];
  const masks = [];
  for (const each of paths) masks.push(await decodeMask(checkPath("the path of a mask", each), options));
  return resizedUnion(masks, height, width);
}

/** Whether any of these masks marks anything. @throws ReverseDistillationError as {@link readMask} */
export async function marksAnything(paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if ((await decodeMask(path)).count > 0) return true;
  return false;
}

/** Reads a mask at its own size. @throws ReverseDistillationError as {@link readMask} */
export async function decodeMask(
  path: string,
  { maxPixels = defaultMaxPixels, signal }: DecodeOptions = {},
): Promise<ReadMask> {
  const bytes = await readRegularFile(path, { ...fileLimit(maxPixels), signal });
  const name = `The mask ${path}`;
  const samples = await decodeSamples(bytes, name, { alpha: true, maxPixels });
  const work = markedPixels(samples, firstColourOf(bytes, name, samples), name);
  return { path, ...(await inTurns(work, signal)) };
}

/**
 * The union of masks at a size: `[height, width]`, 1 where marked.
 *
 * @param part The part of the image that the result shows.
 */
export function resizedUnion(
  masks: readonly Marked[],
  height: number,
  width: number,
  part: MapPart = wholeImage,
): Uint8Array {
  const union = new Uint8Array(height * width);
  for (const mask of masks) {
    const rows = nearest(mask.height, height, part.top, part.height);
    const columns = nearest(mask.width, width, part.left, part.width);
    for (let y = 0; y < height; y++) {
      const row = rows[y]! * mask.width;
      for (let x = 0; x < width; x++) union[y * width + x]! |= mask.pixels[row + columns[x]!]!;
    }
  }
  return union;
}

/**
 * For each index along one side of the result, the index in the source that its centre falls on. The position is
 * accumulated step by step, not multiplied: if a centre falls between two pixels, rounding decides, and PIL rounds
 * this way.
 */
function nearest(sourceLength: number, length: number, start: number, share: number): Uint32Array {
  const step = (share * sourceLength) / length;
  const indices = new Uint32Array(length);
  let position = Math.round(start * sourceLength) + step / 2;
  for (let i = 0; i < length; i++) {
    indices[i] = Math.min(Math.floor(position), sourceLength - 1);
    position += step;
  }
  return indices;
}
