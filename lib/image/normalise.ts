import type { Normalisation } from "../options/model.js";
import type { Pixels } from "./pixels.js";

/** ImageNet's mean and standard deviation of each channel of RGB, of pixels from 0 to 1. */
const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

/** What a pixel from 0 to 255 becomes: value * scale + shift, a number a channel. */
export function normalisationOf(normalisation: Normalisation): { scale: Float32Array; shift: Float32Array } {
  if (normalisation === "none") {
    return { scale: new Float32Array(3).fill(1 / 255), shift: new Float32Array(3) };
  }
  return {
    scale: Float32Array.from(deviation, (value) => 1 / (255 * value)),
    shift: Float32Array.from(deviation, (value, channel) => -mean[channel]! / value),
  };
}

/** Images as the networks see them: for exports whose input is "normalized". */
export interface NormalisedPixels {
  /** Channel by channel, row by row. */
  data: Float32Array;
  dims: [images: 1, channels: 3, height: number, width: number];
}

/**
 * Pixels from 0 to 255 as float32 in planes: divided by 255 and, for "imagenet", less ImageNet's mean, over its
 * standard deviation.
 *
 * @param pixels As `preprocess` gives them.
 * @param normalisation That of the model: `config.normalisation`, or `normalisation` in an export's metadata.
 */
export function normalise(
  { data, dims: [, height, width] }: Pixels,
  normalisation: Normalisation,
): NormalisedPixels {
  const { scale, shift } = normalisationOf(normalisation);
  const plane = height * width;
  const planes = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < plane; i++)
      planes[channel * plane + i] = data[3 * i + channel]! * scale[channel]! + shift[channel]!;
  }
  return { data: planes, dims: [1, 3, height, width] };
}
