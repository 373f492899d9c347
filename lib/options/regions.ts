import { types } from "node:util";
import { finite, integer, invalid } from "../errors/validate.js";
import { abortOptions } from "./computing.js";
import { kind, parseNumber, positiveNumber, wholeNumber, type Kind } from "./kind.js";
import { optional, required, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";

const threshold: Kind<number> = kind({ check: finite, parse: parseNumber, placeholder: "<value>" });

const mask: Kind<Uint8Array> = kind({
  check(name, value) {
    if (types.isUint8Array(value)) return value;
    throw invalid(name, "a Uint8Array with one value per pixel of the map", value);
  },
  placeholder: "<mask>",
});

/** The size of an image, as [height, width]. */
export const originalSize: Kind<[height: number, width: number], readonly [height: number, width: number]> =
  kind({
    check(name, value) {
      if (!Array.isArray(value) || value.length !== 2)
        throw invalid(name, "[height, width] in pixels", value);
      const [height, width] = value as unknown[];
      return [
        integer(`the height of ${name}`, height, 1, longestSide),
        integer(`the width of ${name}`, width, 1, longestSide),
      ];
    },
    placeholder: "<size>",
  });

const longestSide = 2 ** 31 - 1;

/** Which regions are returned. */
const regionLimits = {
  /** Smallest area of a region, in pixels of the image. Smaller regions are left out. */
  minArea: optional(positiveNumber(Number.MAX_VALUE)),
  /** Largest number of regions. If there are more, those with the highest peaks are returned. */
  maxCount: optional(wholeNumber(1, 2 ** 31 - 1)),
};

/** Which regions are returned. */
export interface RegionLimits extends GivenOptions<typeof regionLimits> {}

/** Which regions are returned, checked. */
export type ResolvedRegionLimits = ResolvedOptions<typeof regionLimits>;

/** Whether regions are returned, and which. */
export const regionsKind: Kind<ResolvedRegionLimits | false, boolean | RegionLimits> = kind({
  check(name, value) {
    if (value === false) return false;
    if (value === true || (typeof value === "object" && value !== null))
      return resolveOptions(regionLimits, value === true ? {} : value, name);
    throw invalid(name, "true, false or { minArea, maxCount }", value);
  },
  placeholder: "<regions>",
});

/** The options of `findRegions`. */
export const findRegionsOptions = {
  /** A region has at least one pixel whose value in the map is this or higher. */
  seed: required(threshold),
  /**
   * A region consists of pixels whose values are this or higher, and that touch by a side or a corner. At most `seed`.
   * @defaultValue the value of `seed`
   */
  outline: optional(threshold, { defaultText: "the value of `seed`" }),
  ...regionLimits,
  /**
   * The region of interest: one value per pixel of the map, row by row from the top. Pixels with 0 do not belong to it and
   * are in no region.
   * @defaultValue the mask of the map; without one, the whole map
   */
  mask: optional(mask, { defaultText: "the mask of the map; without one, the whole map" }),
  /**
   * The size of the image that the map is of, as [height, width]: coordinates and areas are in its pixels.
   * @defaultValue the size of the map
   */
  imageSize: optional(originalSize, { defaultText: "the size of the map" }),
  ...abortOptions,
};

/** Which regions of a map to find. */
export interface FindRegionsOptions extends GivenOptions<typeof findRegionsOptions> {}

/** The options of `resizeMap`. */
export const resizeMapOptions = {
  /** The size of the image, as [height, width]. */
  imageSize: required(originalSize),
  ...abortOptions,
};

/** To which size a map is brought. */
export interface ResizeMapOptions extends GivenOptions<typeof resizeMapOptions> {}
