import { throwIfAborted } from "../errors/abort.js";
import { reading } from "../errors/reading.js";
import type { LevelRange } from "../options/levels.js";
import type { StoredTiles } from "../options/tiles.js";
import { decodeSamples } from "./decode-samples.js";
import { defaultMaxPixels, fileLimit } from "./decoded-size.js";
import { describeImage, readInput, type ImageInput } from "./input.js";
import { invalidImage } from "./invalid-image.js";
import { checkRaw, isRawLike, type RawImage } from "./raw-image.js";
import { noteRange } from "./unused-range.js";

export { describeImage, type ImageInput } from "./input.js";

/** How {@link decodeImage} decodes. */
export interface DecodeOptions {
  /** The levels of the model that the image is for. If the image does not fit them, a warning says so. */
  levels?: LevelRange | "auto" | undefined;
  /** The tiles of the model that the image is for. A smaller image is refused. */
  tiles?: StoredTiles | undefined;
  /** An image in a file with more pixels is refused before they are decoded. */
  maxPixels?: number | undefined;
  /** Ends the reading of a file. What is read is decoded. */
  signal?: AbortSignal | undefined;
}

/**
 * Decodes any image to grey or RGB, rows from the top, at its own depth of 8 to 16 bits.
 *
 * Pixels are the same as in Python's PIL: the EXIF orientation is not applied (that of a TIFF is), colour profiles of RGB
 * and grey images are ignored, and alpha is dropped without blending. CMYK is converted to sRGB, palettes are resolved,
 * and grey stays one channel. Raw pixels are checked and returned as they are.
 *
 * @throws ReverseDistillationError `NOT_FOUND`; `IO`; `INVALID_IMAGE` if it is damaged, cut short, has more than one
 * frame or page, has more pixels than allowed, is smaller than a tile, or has an unsupported format; `INVALID_ARGUMENT` if it is not an image at
 * all; `ABORTED`.
 */
export async function decodeImage(input: ImageInput, options: DecodeOptions = {}): Promise<RawImage> {
  const { levels, tiles } = options;
  const name = reading("an image", () => describeImage(input));
  const image = isRawLike(input)
    ? reading("an image", () => checkRaw(input))
    : await decodeFile(input, name, options);
  if (tiles !== undefined) requireTile(name, image, tiles);
  // An image that states no depth does not have to fit "auto": its values decide on the levels.
  if (levels !== "auto") noteRange(image, name, levels);
  else if (image.depth !== undefined) noteRange(image, name);
  return image;
}

async function decodeFile(
  input: Exclude<ImageInput, RawImage>,
  name: string,
  { maxPixels = defaultMaxPixels, signal }: DecodeOptions,
): Promise<RawImage> {
  const bytes = await readInput(input, { ...fileLimit(maxPixels), signal });
  throwIfAborted(signal);
  const { data, width, height, channels, depth } = await decodeSamples(bytes, name, { maxPixels });
  const size = { width, height, channels: channels as 1 | 3 };
  if (data instanceof Uint8Array) return { data, ...size };
  if (data instanceof Uint16Array) return { data, ...size, ...(depth < 16 && { depth }) };
  const type = data.constructor.name.replace("Array", "").toLowerCase();
  throw invalidImage(name, `has samples of the type ${type}; convert them to 8 or 16 bits`);
}

function requireTile(
  name: string,
  { height, width }: RawImage,
  { size: [rows, columns] }: StoredTiles,
): void {
  if (height >= rows && width >= columns) return;
  throw invalidImage(
    name,
    `has ${width} x ${height} pixels, and tiles of ${columns} x ${rows} do not fit into it; use larger images, or train with ` +
      "smaller tiles",
  );
}
