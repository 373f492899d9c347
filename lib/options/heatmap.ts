import { finite, invalid } from "../errors/validate.js";
import { abortOptions } from "./computing.js";
import { imageOptions } from "./images.js";
import { boolean, choice, kind, positiveNumber, type Kind } from "./kind.js";
import { storedLevels } from "./levels.js";
import { option, optional, type GivenOptions } from "./option.js";

/** Closed polygons in pixels of an image: the corners of each, as [x, y]. */
export type Outlines = readonly (readonly (readonly [x: number, y: number])[])[];

const outlines: Kind<Outlines> = kind({
  check: (name, value) =>
    listOf(name, value, (ring, ringName) => listOf(ringName, ring, (point, at) => pointOf(at, point))),
  placeholder: "<outlines>",
});

const marks: Kind<readonly number[]> = kind({
  check: (name, value) => listOf(name, value, (mark, at) => finite(at, mark)),
  placeholder: "<values>",
});

/** The options of `drawHeatmap`. */
export const heatmapOptions = {
  /**
   * The map value that gets the strongest colour, as do all higher values. Images that share one scale can be compared.
   * @defaultValue the largest value of the map
   */
  scaleEnd: optional(positiveNumber(Number.MAX_VALUE), { defaultText: "the largest value of the map" }),
  /**
   * The levels that an image of more than 8 bits is shown with: those of the detector, `detector.config.levels`.
   * @defaultValue the full range of the image's depth
   */
  levels: optional(storedLevels, { defaultText: "the full range of the image's depth" }),
  /**
   * Outlines to draw, in pixels of the image: `regions.flatMap(({ polygon }) => polygon)`.
   * @defaultValue []
   */
  outlines: option(outlines, { default: [] }),
  /**
   * Whether a strip below the image explains the colours. It is left out where there is no room.
   * @defaultValue false
   */
  legend: option(boolean, { default: false }),
  /**
   * Values that the legend marks, such as thresholds.
   * @defaultValue []
   */
  marks: option(marks, { default: [] }),
  /**
   * How the picture is encoded. WebP has at most 16383 pixels a side.
   * @defaultValue "png"
   */
  format: option(choice(["png", "webp"]), { default: "png" }),
  ...imageOptions,
  ...abortOptions,
};

/** What a heatmap shows, and how it is encoded. */
export interface DrawHeatmapOptions extends GivenOptions<typeof heatmapOptions> {}

function listOf<T>(name: string, value: unknown, check: (item: unknown, name: string) => T): T[] {
  if (!Array.isArray(value)) throw invalid(name, "a list", value);
  return value.map((item: unknown, index) => check(item, `${name}[${index}]`));
}

function pointOf(name: string, value: unknown): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2) throw invalid(name, "[x, y]", value);
  const [x, y] = value as unknown[];
  return [finite(name, x), finite(name, y)];
}
