import { abortOptions } from "../options/computing.js";
import { boolean, callback, positiveNumber, someOf, wholeNumber } from "../options/kind.js";
import {
  option,
  optional,
  optionElse,
  resolveOptions,
  type GivenOptions,
  type ResolvedOptions,
} from "../options/option.js";
import { defectNames } from "./defects.js";
import { textureNames } from "./textures.js";

const drawingOptions = {
  /**
   * Seed of everything random: a whole number from 0 to 2^32 - 1.
   * @defaultValue 0
   */
  seed: option(wholeNumber(0, 2 ** 32 - 1), { default: 0, help: "seed of everything random" }),
  /**
   * Height and width of the images in pixels, from 32 to 4096.
   * @defaultValue 256
   */
  size: option(wholeNumber(32, 4096), {
    default: 256,
    help: "height and width of the images",
    placeholder: "<pixels>",
  }),
  /**
   * Number of good training images, at least 1.
   * @defaultValue 80
   */
  train: option(wholeNumber(1, 100_000), { default: 80, help: "number of good training images" }),
  /**
   * Number of good test images.
   * @defaultValue 24
   */
  testGood: option(wholeNumber(0, 100_000), { default: 24, help: "number of good test images" }),
  /**
   * Number of test images per kind of defect.
   * @defaultValue 8
   */
  testPerDefect: option(wholeNumber(0, 100_000), {
    default: 8,
    help: "number of test images per kind of defect",
  }),
  /**
   * The textures to alternate between.
   * @defaultValue all
   */
  textures: optionElse(someOf(textureNames), {
    otherwise: () => [...textureNames],
    defaultText: "all",
    help: "textures, separated by commas",
  }),
  /**
   * The kinds of defects.
   * @defaultValue all
   */
  defects: optionElse(someOf(defectNames), {
    otherwise: () => [...defectNames],
    defaultText: "all",
    help: "kinds of defects, separated by commas",
  }),
  /**
   * How visible the defects are: 1 draws them in full, smaller numbers let more of the surface show through; above 0.
   * @defaultValue 1
   */
  contrast: option(positiveNumber(1), {
    default: 1,
    help: "how visible the defects are, up to 1",
    placeholder: "<share>",
  }),
  /**
   * Whether to replace a sample that was drawn with other options.
   * @defaultValue false
   */
  overwrite: option(boolean, {
    default: false,
    help: "replace a sample that was drawn with other options",
  }),
  /** Called after each image with the number drawn so far. */
  onProgress: optional(callback<(progress: { done: number; total: number }) => void>()),
};

/** The options of `generateSample`. */
export const sampleOptions = { ...drawingOptions, ...abortOptions };

/** Options of `generateSample`. */
export interface SampleOptions
  extends GivenOptions<typeof drawingOptions>, GivenOptions<typeof abortOptions> {}

/** The options with the defaults filled in, every one checked. */
export type CheckedSampleOptions = ResolvedOptions<typeof sampleOptions>;

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function checkedOptions(options: SampleOptions): CheckedSampleOptions {
  return resolveOptions(sampleOptions, options);
}
