import { invalid } from "../errors/validate.js";
import { backbones, type Backbone } from "./backbones.js";
import { choice, kind, parseNumber, positiveNumber, type Kind } from "./kind.js";
import { storedLevels, trainingLevels } from "./levels.js";
import { option, optional, type StoredOptions } from "./option.js";
import { givenInterest, storedInterest } from "./roi.js";
import { storedTiles, tiles, type StoredTiles } from "./tiles.js";

export { backbones, type Backbone };

export const layouts = ["paper", "official"] as const;
/**
 * The layout of the networks.
 *
 * @useDeclaredType
 */
export type Layout = (typeof layouts)[number];

export const combinations = ["sum", "product"] as const;
/**
 * How the maps of the scales are combined.
 *
 * @useDeclaredType
 */
export type Combine = (typeof combinations)[number];

export const normalisations = ["imagenet", "none"] as const;
/**
 * How pixel values are normalised.
 *
 * @useDeclaredType
 */
export type Normalisation = (typeof normalisations)[number];

export const fits = ["stretch", "pad", "crop"] as const;
/**
 * How images come into the model's size that are not of its proportions.
 *
 * @useDeclaredType
 */
export type Fit = (typeof fits)[number];

/** One of the teacher's three scales: 1 is the finest, 3 the coarsest. */
export type Layer = 1 | 2 | 3;

/** Largest height or width that images can be resized to, in pixels. */
export const maxImageSide = 4096;
const sizeStep = 32;

export const backbone = choice(backbones);

/** One side for a square, or [height, width]; multiples of 32. */
export const imageSize: Kind<
  [height: number, width: number],
  number | readonly [height: number, width: number]
> = kind({
  check(name, value) {
    const sides: unknown[] = Array.isArray(value) ? value : [value, value];
    if (sides.length === 2 && sides.every(isSide)) return [...sides] as [number, number];
    const nearest = sides.every((side) => typeof side === "number") ? sides.map(nearestSide) : undefined;
    const hint = nearest?.every(Number.isFinite)
      ? ` (the nearest is ${[...new Set(nearest)].join(" x ")})`
      : "";
    throw invalid(
      name,
      `a multiple of ${sizeStep} from ${sizeStep} to ${maxImageSide}, or two of these as [height, width]${hint}`,
      value,
    );
  },
  parse(text) {
    const sides = text.split("x");
    if (sides.length > 2) throw new Error("Give one number, or HEIGHTxWIDTH.");
    const [height, width] = sides.map(parseNumber);
    return width === undefined ? height : [height, width];
  },
  format: ([height, width]) => `${height} x ${width}`,
  entries: (_, [height, width]) => ({ height: String(height), width: String(width) }),
  fromEntries: (_, text) => [Number(text("height")), Number(text("width"))],
  placeholder: "<pixels>",
});

/** One or more of the scales 1, 2 and 3, each at most once. `check` sorts them. */
const layers: Kind<Layer[], readonly Layer[]> = kind({
  check(name, value) {
    const fits =
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((layer) => layer === 1 || layer === 2 || layer === 3) &&
      new Set(value).size === value.length;
    if (!fits) throw invalid(name, "a list of one or more of 1, 2 and 3, each at most once", value);
    return [...(value as Layer[])].sort((a, b) => a - b);
  },
  parse: (text) => text.split(",").map(parseNumber),
  format: (value) => value.join(","),
  placeholder: "<list>",
});

/**
 * What a detector computes, on any device. Model files and exports store these options in this order, and the hash of a
 * model depends on it.
 */
export const modelOptions = {
  /**
   * The teacher's architecture. "resnet18" is the fastest; the paper uses "wide_resnet50_2".
   * @defaultValue "resnet18"
   */
  backbone: option(backbone, { default: "resnet18", help: "the teacher's architecture" }),
  /**
   * The layout of the networks: "paper" follows Deng & Li 2022; "official" follows the authors' code and fits its
   * checkpoints.
   * @defaultValue "paper"
   */
  layout: option(choice(layouts), {
    default: "paper",
    help: "network layout: as in the paper, or as in the authors' code",
  }),
  /**
   * The scales that contribute to the map, from 1 (finest) to 3 (coarsest).
   * @defaultValue [1, 2, 3]
   */
  layers: option(layers, {
    default: [1, 2, 3],
    help: "scales that contribute to the map, from 1 (finest) to 3 (coarsest)",
  }),
  /**
   * How the maps of the scales are combined.
   * @defaultValue "sum"
   */
  combine: option(choice(combinations), { default: "sum", help: "how the maps of the scales are combined" }),
  /**
   * Standard deviation of the Gaussian that smooths the map, in pixels; above 0 and up to 1000.
   * @defaultValue 4
   */
  sigma: option(positiveNumber(1000), {
    default: 4,
    help: "standard deviation of the Gaussian that smooths the map",
    placeholder: "<pixels>",
    unit: "pixels",
  }),
  /**
   * The size that images are resized to, and the size of the maps, in pixels: one number for a square, or
   * [height, width]. Multiples of 32 up to 4096.
   * @defaultValue 256
   */
  imageSize: option(imageSize, {
    default: 256,
    help: "size that images are resized to: one number, or HEIGHTxWIDTH; multiples of 32",
    unit: "pixels (height x width)",
  }),
  /**
   * How pixel values are normalised after they are divided by 255. "imagenet" subtracts ImageNet's mean and divides by
   * its standard deviation, as ImageNet weights expect. "none" does nothing more, as in the authors' one-class
   * experiments.
   * @defaultValue "imagenet"
   */
  normalisation: option(choice(normalisations), {
    default: "imagenet",
    help: "how pixel values are normalised; ImageNet weights expect imagenet",
  }),
  /**
   * How values of more than 8 bits become the networks' range of 0 to 255. `{ depth: 12 }` makes 0 black and 4095 white;
   * `{ black, white }` names both. "full" uses the full range of each image's own depth: 16 bits, unless its file or its
   * raw pixels state fewer. "auto" derives the levels from the training images: the depth that they state, or the one of
   * 8, 10, 12, 14 and 16 bits that their values need. 8-bit images are not affected. See docs/images.md.
   * @defaultValue "auto"
   */
  levels: option(trainingLevels, {
    default: "auto",
    stored: storedLevels,
    since: 3,
    help: "levels of images with more than 8 bits: auto, full, a depth such as 12, or BLACK-WHITE such as 64-3900",
  }),
  /**
   * What happens to images that are not of the proportions of `imageSize`. "stretch" changes their proportions. "pad"
   * keeps them, and continues the image's edges to fill the rest, which does not count in training, maps and scores. "crop" takes the largest
   * part in the centre with these proportions; what is outside is not seen.
   * @defaultValue "stretch"
   */
  fit: option(choice(fits), {
    default: "stretch",
    since: 5,
    help: "what to do with images of other proportions: stretch them, pad them, or crop to their centre",
  }),
  /**
   * The part of the image that is inspected: `{ include, exclude }` are lists of polygons, whose points [x, y] are shares of
   * the image's width and height, or the path of a JSON file with them, or of a mask image that is black where nothing is
   * inspected. What is outside does not count in training, scores, maps and thresholds. See docs/regions.md.
   * @defaultValue the whole image
   */
  roi: optional(givenInterest, {
    defaultText: "the whole image",
    stored: storedInterest,
    since: 5,
    help: "region of interest: a JSON file with polygons as { include, exclude }, or a mask image, black outside",
  }),
  /**
   * Cuts large images into overlapping tiles, which the networks see one by one, so that small defects keep their size:
   * `{ size, overlap }` in pixels of the image. `size` is one number or [height, width], `overlap` is a quarter of the
   * shorter side unless given. A tile is resized to `imageSize`; give both the same value to see every pixel. The map is put
   * together from those of the tiles. Images must not be smaller than a tile. See docs/tiles.md.
   * @defaultValue whole images
   */
  tiles: optional(tiles, {
    defaultText: "whole images",
    stored: storedTiles,
    since: 6,
    help: "cut large images into tiles of this size in pixels: SIZE, HEIGHTxWIDTH, or either with /OVERLAP",
  }),
};

/**
 * Checks what the options of a model must agree on.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`
 */
export function requireAgreement({ fit, tiles }: { fit: Fit; tiles?: StoredTiles | undefined }): void {
  if (tiles !== undefined && fit !== "stretch")
    throw invalid("fit", '"stretch" with tiles, which already keep the proportions of an image', fit);
}

/** What a detector computes, on any device. */
export interface ModelDescription extends StoredOptions<typeof modelOptions> {}

function isSide(side: unknown): boolean {
  return Number.isInteger(side) && (side as number) % sizeStep === 0 && inRange(side as number);
}

function inRange(side: number): boolean {
  return side >= sizeStep && side <= maxImageSide;
}

function nearestSide(side: number): number {
  return Math.min(maxImageSide, Math.max(sizeStep, Math.round(side / sizeStep) * sizeStep));
}
