import { types } from "node:util";
import { reading } from "../errors/reading.js";
import { invalid, oneOf } from "../errors/validate.js";
import { normalisations, type Normalisation } from "../options/model.js";
import type { Pixels } from "./pixels.js";

/** Mean and standard deviation of ImageNet's RGB channels, for pixel values from 0 to 1. */
const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

/** Per channel, the factors that turn a pixel value from 0 to 255 into value * scale + shift. */
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
 * Converts pixels from 0 to 255 to float32 planes: divides by 255 and, for "imagenet", subtracts ImageNet's mean and
 * divides by its standard deviation.
 *
 * @param pixels As `preprocess` returns them.
 * @param normalisation The model's: `config.normalisation`, or `normalisation` in an export's metadata.
 * @throws ReverseDistillationError `INVALID_ARGUMENT`
 */
export function normalise(pixels: Pixels, normalisation: Normalisation): NormalisedPixels {
  const { values, height, width } = reading("pixels", () => checkedPixels(pixels));
  const { scale, shift } = normalisationOf(oneOf("normalisation", normalisation, normalisations));
  const plane = height * width;
  const planes = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < plane; i++)
      planes[channel * plane + i] = values[3 * i + channel]! * scale[channel]! + shift[channel]!;
  }
  return { data: planes, dims: [1, 3, height, width] };
}

/** The size of pixels, and their values: not rounded if they are there. */
function checkedPixels({ data, dims, unrounded }: Pixels): {
  values: Uint8Array | Float32Array;
  height: number;
  width: number;
} {
  const [images, height, width, channels] = dims;
  const fits = [images, channels].every((length, index) => length === [1, 3][index]);
  const sides = [height, width].every((side) => Number.isInteger(side) && side >= 1);
  if (!fits || !sides) throw invalid("dims of pixels", "[1, height, width, 3]", dims);
  if (!types.isUint8Array(data)) throw invalid("data of pixels", "a Uint8Array", typeof data);
  if (data.length !== 3 * height * width)
    throw invalid("data of pixels", `${3 * height * width} bytes, as dims say`, data.length);
  if (unrounded === undefined) return { values: data, height, width };
  if (!types.isFloat32Array(unrounded) || unrounded.length !== data.length) {
    throw invalid("unrounded of pixels", "a Float32Array of the length of data", typeof unrounded);
  }
  return { values: unrounded, height, width };
}
