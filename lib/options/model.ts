import { invalid } from "../errors/validate.js";
import { backbones, type Backbone } from "./backbones.js";
import { choice, kind, parseNumber, positiveNumber, type Kind } from "./kind.js";
import { option, type StoredOptions } from "./option.js";

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
 * What happens to pixel values before the networks see them.
 *
 * @useDeclaredType
 */
export type Normalisation = (typeof normalisations)[number];

/** One of the teacher's three scales: 1 is the finest, 3 the coarsest. */
export type Layer = 1 | 2 | 3;

/** Largest side of the networks' image, in pixels. */
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
      `a multiple of ${sizeStep} from ${sizeStep} to ${maxImageSide}, or [height, width] of two${hint}`,
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

/** One or more of the scales 1, 2, 3, each once; in ascending order once they are checked. */
const layers: Kind<Layer[], readonly Layer[]> = kind({
  check(name, value) {
    const fits =
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((layer) => layer === 1 || layer === 2 || layer === 3) &&
      new Set(value).size === value.length;
    if (!fits) throw invalid(name, "a list of one or more of 1, 2, 3, each once", value);
    return [...(value as Layer[])].sort((a, b) => a - b);
  },
  parse: (text) => text.split(",").map(parseNumber),
  format: (value) => value.join(","),
  placeholder: "<list>",
});

/**
 * What a detector computes, whatever the device. Model files and exports hold these options in this order, which the
 * hash of a model depends on.
 */
export const modelOptions = {
  /**
   * The teacher's architecture: "resnet18" is the fastest, "wide_resnet50_2" the paper's.
   * @defaultValue "resnet18"
   */
  backbone: option(backbone, { default: "resnet18", help: "the teacher's architecture" }),
  /**
   * The layout of the networks: "paper" follows Deng & Li 2022; "official" follows the authors' code, whose checkpoints
   * fit it.
   * @defaultValue "paper"
   */
  layout: option(choice(layouts), {
    default: "paper",
    help: "network layout: the paper's or the authors' code's",
  }),
  /**
   * The scales whose maps count, of 1 (fine) to 3 (coarse).
   * @defaultValue [1, 2, 3]
   */
  layers: option(layers, {
    default: [1, 2, 3],
    help: "scales whose maps count, from 1 (fine) to 3 (coarse)",
  }),
  /**
   * How the maps of the scales are combined.
   * @defaultValue "sum"
   */
  combine: option(choice(combinations), { default: "sum", help: "how the maps of the scales are combined" }),
  /**
   * Standard deviation of the Gaussian that smooths the map, in pixels of the map; above 0 and up to 1000.
   * @defaultValue 4
   */
  sigma: option(positiveNumber(1000), {
    default: 4,
    help: "standard deviation of the Gaussian that smooths the map",
    placeholder: "<pixels>",
    unit: "pixels",
  }),
  /**
   * The size that images are resized to, which is also the size of the maps, in pixels: one side for a square, or
   * [height, width]; multiples of 32 up to 4096.
   * @defaultValue 256
   */
  imageSize: option(imageSize, {
    default: 256,
    help: "size that images are resized to: one side, or HEIGHTxWIDTH; multiples of 32",
    unit: "pixels (height x width)",
  }),
  /**
   * What happens to pixel values, divided by 255, before the networks see them. "imagenet" subtracts the mean of
   * ImageNet's images and divides by their standard deviation, as ImageNet weights expect. "none" leaves them as they
   * are, as in the authors' one-class experiments.
   * @defaultValue "imagenet"
   */
  normalisation: option(choice(normalisations), {
    default: "imagenet",
    help: "normalisation of pixel values, as the teacher's weights expect",
  }),
};

/** What a detector computes, whatever the device. */
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
