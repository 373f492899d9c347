import { throwIfAborted } from "../errors/abort.js";
import { reading } from "../errors/reading.js";
import { decodeSamples } from "./decode-samples.js";
import { defaultMaxPixels, fileLimit } from "./decoded-size.js";
import { describeImage, readInput, type ImageInput } from "./input.js";
import { invalidImage } from "./invalid-image.js";
import { checkRaw, isRawLike, type RawImage } from "./raw-image.js";
import type { Samples } from "./samples.js";

export { describeImage, type ImageInput } from "./input.js";

/** What {@link decodeImage} does not decode. */
export interface DecodeOptions {
  /** An image in a file with more pixels is refused before they are decoded. */
  maxPixels?: number | undefined;
  /** Ends the reading of a file. What is read is decoded. */
  signal?: AbortSignal | undefined;
}

/**
 * Decodes any image to 8-bit grey or RGB, rows from the top.
 *
 * Pixels are those of Python's PIL: no turning by the EXIF orientation (a TIFF's own is applied), no colour profile for
 * RGB and grey images, alpha dropped without blending. 16 bits are reduced to the upper 8, CMYK is converted to sRGB,
 * palettes are resolved, grey stays one channel.
 *
 * @throws ReverseDistillationError `NOT_FOUND`; `IO`; `INVALID_IMAGE` if it is damaged, cut short, has more than one
 * frame or page, has more pixels than allowed, or is of a kind not named here; `INVALID_ARGUMENT` if it is no image at
 * all; `ABORTED`.
 */
export async function decodeImage(input: ImageInput, options: DecodeOptions = {}): Promise<RawImage> {
  if (isRawLike(input)) return reading("an image", () => checkRaw(input));
  const name = reading("an image", () => describeImage(input));
  const { maxPixels = defaultMaxPixels, signal } = options;
  const bytes = await readInput(input, { ...fileLimit(maxPixels), signal });
  throwIfAborted(signal);
  const samples = await decodeSamples(bytes, name, { maxPixels });
  const { width, height, channels } = samples;
  return { data: upper8(samples, name), width, height, channels: channels as 1 | 3 };
}

/** 8 bits stay as they are; of deeper ones, the upper 8 remain. */
function upper8({ data, depth }: Samples, name: string): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (!(data instanceof Uint16Array)) {
    const type = data.constructor.name.replace("Array", "").toLowerCase();
    throw invalidImage(name, `has samples of the type ${type}; convert them to 8 or 16 bits`);
  }
  return Uint8Array.from(data, (value) => value >> (depth - 8));
}
