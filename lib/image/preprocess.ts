import { reading } from "../errors/reading.js";
import { abortOptions } from "../options/computing.js";
import { imageOptions } from "../options/images.js";
import { levels as levelsKind } from "../options/levels.js";
import { imageSize, modelOptions } from "../options/model.js";
import { option, resolveOptions, type GivenOptions } from "../options/option.js";
import { decodeImage, type ImageInput } from "./decode.js";
import { paddedTo, partOf } from "./fit-pixels.js";
import { fittedSize, seenPixels } from "./fit.js";
import { levelRange } from "./levels.js";
import type { PreprocessedImage } from "./pixels.js";
import { plainPixels } from "./plain-pixels.js";
import { resizeDeep } from "./resize-deep.js";
import { resizeBilinear } from "./resize.js";

/** `levels` is declared here because only `preprocess` takes the levels of a model as an option. */
const preprocessOptions = {
  /**
   * The model's levels: `config.levels`, or `levels` in an export's metadata. 8-bit images are not affected.
   * @defaultValue "full"
   */
  levels: option(levelsKind, { default: "full" }),
  /**
   * What happens to images of other proportions: the model's `config.fit`, or `fit` in an export's metadata.
   * @defaultValue "stretch"
   */
  fit: modelOptions.fit,
  ...imageOptions,
  ...abortOptions,
};

/** The options of {@link preprocess}. */
export interface PreprocessOptions extends GivenOptions<typeof preprocessOptions> {}

/**
 * Converts an image to RGB at the size of a model, as the detector does before it scores: decoded as by Python's PIL,
 * and resized as by the antialiased bilinear resize of PIL and torchvision. An export whose input is "uint8" expects
 * the result's `data`, which differs from what the detector computes with by at most one grey level. For an export whose
 * input is "normalized", pass the result to {@link normalise}, which keeps the image's full depth.
 *
 * @param image A path, a `file:` URL, the bytes of an encoded file, or raw pixels.
 * @param size The model's image size: one side for a square, or [height, width]; multiples of 32.
 * @throws ReverseDistillationError `INVALID_ARGUMENT`, `NOT_FOUND`, `IO`, `INVALID_IMAGE`, `ABORTED`
 */
export async function preprocess(
  image: ImageInput,
  size: number | readonly [height: number, width: number],
  options: PreprocessOptions = {},
): Promise<PreprocessedImage> {
  const { levels, fit, maxPixels, signal } = reading("options", () =>
    resolveOptions(preprocessOptions, options),
  );
  const [height, width] = reading("size", () => imageSize.check("size", size));
  const raw = await decodeImage(image, { levels, maxPixels, signal });
  const frame = { height, width, fit };
  const plain = plainPixels(partOf(raw, seenPixels(raw, frame)));
  const { data, channels } = plain;
  const fitted = fittedSize(raw, frame);
  const rows: [height: number, width: number] = [fitted.height, fitted.width];
  const dims: PreprocessedImage["dims"] = [1, height, width, 3];
  const originalSize: PreprocessedImage["originalSize"] = [raw.height, raw.width];
  if (!(data instanceof Uint16Array)) {
    const resized = resizeBilinear(data, plain, rows);
    return { data: paddedTo(toRgb(resized, channels), fitted, frame), dims, originalSize };
  }
  const deep = resizeDeep(data, plain, rows, levelRange(raw, levels));
  const unrounded = paddedTo(toRgb(deep, channels), fitted, frame);
  return { data: Uint8Array.from(unrounded, Math.round), dims, unrounded, originalSize };
}

function toRgb<T extends Uint8Array | Float32Array>(pixels: T, channels: number): T {
  if (channels === 3) return pixels;
  const rgb = new (pixels.constructor as new (length: number) => T)((pixels.length / channels) * 3);
  for (let i = 0; 3 * i < rgb.length; i++) {
    for (let channel = 0; channel < 3; channel++) {
      rgb[3 * i + channel] = pixels[channels * i + (channels === 1 ? 0 : channel)]!;
    }
  }
  return rgb;
}
