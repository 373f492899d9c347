import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { ReverseDistillationError } from "../errors/error.js";
import { integer, path as checkPath } from "../errors/validate.js";
import { ioError } from "../files/io-error.js";

/**
 * Reads the mask of an image's defects and brings it to a size by nearest neighbour, pixel for pixel
 * as Python's PIL does with `resize(size, Image.NEAREST)`.
 *
 * A pixel is anomalous where any of its colour channels is not 0 (8 or 16 bits; alpha does not
 * count). In a JPEG, whose compression leaves faint traces around edges, it is where one is 128 or more.
 *
 * @param height Rows of the result, such as those of an anomaly map.
 * @param width Columns of the result.
 * @returns `[height, width]`, 1 where anomalous and 0 elsewhere.
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_IMAGE` if it cannot be decoded,
 * `INVALID_ARGUMENT` for a size that is none.
 */
export async function readMask(
  path: string | URL | readonly (string | URL)[],
  height: number,
  width: number,
): Promise<Uint8Array> {
  integer("height", height, 1, 65_535);
  integer("width", width, 1, 65_535);
  const paths = Array.isArray(path) ? (path as readonly (string | URL)[]) : [path as string | URL];
  const union = new Uint8Array(height * width);
  for (const each of paths) {
    const mask = await readOne(checkPath("the path of a mask", each), height, width);
    mask.forEach((marked, index) => (union[index]! |= marked));
  }
  return union;
}

/** Whether any of these masks marks anything. @throws ReverseDistillationError as {@link readMask} */
export async function marksAnything(paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    const { values, threshold } = await decode(path);
    if (values.some((value) => value >= threshold)) return true;
  }
  return false;
}

async function readOne(name: string, height: number, width: number): Promise<Uint8Array> {
  const source = await decode(name);
  const rows = nearest(source.height, height);
  const columns = nearest(source.width, width);
  const mask = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = (rows[y]! * source.width + columns[x]!) * source.channels;
      for (let channel = 0; channel < source.channels; channel++) {
        if (source.values[start + channel]! >= source.threshold) mask[y * width + x] = 1;
      }
    }
  }
  return mask;
}

interface DecodedMask {
  values: Uint8Array | Uint16Array;
  height: number;
  width: number;
  channels: number;
  /** The smallest value that is anomalous. */
  threshold: number;
}

async function decode(path: string): Promise<DecodedMask> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw ioError(error, "Reading the mask", path);
  });
  try {
    const { format, depth, channels } = await sharp(bytes).metadata();
    const wide = depth === "ushort";
    const colours = wide ? (channels <= 2 ? "grey16" : "rgb16") : "srgb";
    const { data, info } = await sharp(bytes, { failOn: "truncated", ignoreIcc: true })
      .removeAlpha()
      .toColourspace(colours)
      .raw({ depth: wide ? "ushort" : "uchar" })
      .toBuffer({ resolveWithObject: true });
    const values = wide ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data;
    return { ...info, values, threshold: format === "jpeg" ? 128 : 1 };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replaceAll(/\s+/g, " ").trim() : String(error);
    throw new ReverseDistillationError("INVALID_IMAGE", `The mask ${path} cannot be decoded: ${reason}.`, {
      cause: error,
    });
  }
}

/**
 * For each place along one side of the result, the place in the source that its centre falls on.
 * The position is summed up step by step, not multiplied out: where a centre falls between two
 * pixels the rounding decides, and PIL's rounds this way.
 */
function nearest(sourceLength: number, length: number): Uint32Array {
  const step = sourceLength / length;
  const indices = new Uint32Array(length);
  let position = step / 2;
  for (let i = 0; i < length; i++) {
    indices[i] = Math.min(Math.floor(position), sourceLength - 1);
    position += step;
  }
  return indices;
}
