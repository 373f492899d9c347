import { reading } from "../errors/reading.js";
import { imageSize } from "../options/model.js";
import { decodeImage, type ImageInput } from "./decode.js";
import type { Pixels } from "./pixels.js";
import { resizeBilinear } from "./resize.js";

/**
 * Converts an image to RGB at the size of a model, as the detector does before it scores: decoded as by Python's PIL,
 * and resized as by the antialiased bilinear resize of PIL and torchvision. An export whose input is "uint8" expects
 * such pixels. They differ from what the detector computes with by at most one grey level.
 *
 * @param image A path, a `file:` URL, the bytes of an encoded file, or raw pixels.
 * @param size The model's image size: one side for a square, or [height, width]; multiples of 32.
 * @throws ReverseDistillationError `INVALID_ARGUMENT`, `NOT_FOUND`, `IO`, `INVALID_IMAGE`
 */
export async function preprocess(
  image: ImageInput,
  size: number | readonly [height: number, width: number],
): Promise<Pixels> {
  const [height, width] = reading("size", () => imageSize.check("size", size));
  const raw = await decodeImage(image);
  const resized = resizeBilinear(raw.data, raw, [height, width]);
  return { data: toRgb(resized, raw.channels), dims: [1, height, width, 3] };
}

function toRgb(pixels: Uint8Array, channels: 1 | 3 | 4): Uint8Array {
  if (channels === 3) return pixels;
  const rgb = new Uint8Array((pixels.length / channels) * 3);
  for (let i = 0; 3 * i < rgb.length; i++) {
    for (let channel = 0; channel < 3; channel++) {
      rgb[3 * i + channel] = pixels[channels * i + (channels === 1 ? 0 : channel)]!;
    }
  }
  return rgb;
}
