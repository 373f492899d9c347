import { invalidImage } from "../../image/invalid-image.js";
import type { Samples } from "../../image/samples.js";
import { readingOf, type Levels } from "./levels.js";
import type { FirstColour } from "./palette.js";

/** How a mask was read, if there was a choice. */
export type MaskRemark = "several-levels" | "soft-edges" | "palette" | "alpha" | "white-background";

/** A mask at its own size. */
export interface Marked {
  /** height x width values, 1 if marked. */
  pixels: Uint8Array;
  width: number;
  height: number;
  /** Number of marked pixels. */
  count: number;
  remarks: MaskRemark[];
}

/**
 * Decides which pixels a mask marks.
 *
 * - With a palette: pixels whose colour is not that of index 0. But some programs sort palettes, so if the next rule marks
 *   fewer pixels, it applies.
 * - Otherwise: pixels that are not black; `readingOf` decides on values between black and white. In a coloured mask
 *   with white and without black, white is the background.
 * - If colours mark all pixels or none, and alpha varies: pixels that are not transparent.
 *
 * @param background The first colour of the mask's palette, if it has one.
 * @param name The mask in messages.
 * @throws ReverseDistillationError `INVALID_IMAGE` if values are not finite, or if there are several negative values.
 */
export function markedPixels(samples: Samples, background: FirstColour | undefined, name: string): Marked {
  requireFinite(samples, name);
  const byColour =
    background === undefined ? markColours(samples, name) : markPalette(samples, background, name);
  const undecided = byColour.count === 0 || byColour.count === byColour.pixels.length;
  return (undecided ? markAlpha(samples, name) : undefined) ?? byColour;
}

function markPalette(samples: Samples, background: FirstColour, name: string): Marked {
  const { data, channels } = samples;
  const colours = channels <= 2 ? 1 : 3;
  const pixels = eachPixel(samples, (at) => {
    for (let channel = 0; channel < colours; channel++)
      if (data[at + channel] !== background[channel]) return 1;
    return 0;
  });
  const byIndex = marked(samples, pixels, []);
  const byValue = markColours(samples, name);
  const plausible = byValue.count > 0 && byValue.count < byValue.pixels.length;
  if (!plausible || byValue.count === byIndex.count) return byIndex;
  const better = byValue.count < byIndex.count ? byValue : byIndex;
  return { ...better, remarks: [...better.remarks, "palette"] };
}

function markColours(samples: Samples, name: string): Marked {
  const { data, channels } = samples;
  if (channels <= 2)
    return markLevels(
      samples,
      eachValue(samples, (at) => data[at]!),
      name,
      [],
    );
  const largest = eachValue(samples, (at) => Math.max(data[at]!, data[at + 1]!, data[at + 2]!));
  if (!onWhite(samples)) return markLevels(samples, largest, name, []);
  const white = 2 ** samples.depth - 1;
  const darkness = eachValue(samples, (at) => white - Math.min(data[at]!, data[at + 1]!, data[at + 2]!));
  return markLevels(samples, darkness, name, ["white-background"]);
}

/** Whether an image has white and colours, but no black. */
function onWhite({ data, channels, depth }: Samples): boolean {
  if (data instanceof Float32Array) return false;
  const white = 2 ** depth - 1;
  let hasWhite = false;
  let hasColour = false;
  for (let at = 0; at < data.length; at += channels) {
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
    if (red === 0 && green === 0 && blue === 0) return false;
    hasWhite ||= red === white && green === white && blue === white;
    hasColour ||= red !== green || green !== blue;
  }
  return hasWhite && hasColour;
}

/** Reads the alpha, if there is one and it varies. */
function markAlpha(samples: Samples, name: string): Marked | undefined {
  const { data, channels } = samples;
  if (channels !== 2 && channels !== 4) return undefined;
  const alpha = eachValue(samples, (at) => data[at + channels - 1]!);
  if (alpha.every((value) => value === alpha[0])) return undefined;
  return markLevels(samples, alpha, name, ["alpha"]);
}

function markLevels(
  samples: Samples,
  values: Float64Array,
  name: string,
  remarks: readonly MaskRemark[],
): Marked {
  const negative = new Set<number>();
  for (let i = 0; i < values.length && negative.size < 2; i++) if (values[i]! < 0) negative.add(values[i]!);
  if (negative.size > 1) {
    throw invalidImage(
      name,
      "has several different values below 0; save 0 for the background and 255 for defects",
    );
  }
  const { width, height, data, format } = samples;
  const levels: Levels = {
    values,
    width,
    height,
    lossy: format === "jpeg",
    fractions: data instanceof Float32Array,
  };
  const { threshold, ambiguous } = readingOf(levels);
  const pixels = Uint8Array.from(values, (value) =>
    Number(threshold === undefined ? value !== 0 : value >= threshold),
  );
  const remark: MaskRemark[] = ambiguous ? [threshold === undefined ? "several-levels" : "soft-edges"] : [];
  return marked(samples, pixels, [...remarks, ...remark]);
}

function marked({ width, height }: Samples, pixels: Uint8Array, remarks: MaskRemark[]): Marked {
  let count = 0;
  for (const pixel of pixels) count += pixel;
  return { pixels, width, height, count, remarks };
}

function eachPixel({ width, height, channels }: Samples, value: (at: number) => number): Uint8Array {
  const pixels = new Uint8Array(width * height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = value(i * channels);
  return pixels;
}

function eachValue({ width, height, channels }: Samples, value: (at: number) => number): Float64Array {
  const values = new Float64Array(width * height);
  for (let i = 0; i < values.length; i++) values[i] = value(i * channels);
  return values;
}

function requireFinite({ data }: Samples, name: string): void {
  if (!(data instanceof Float32Array) || data.every((value) => Number.isFinite(value))) return;
  throw invalidImage(
    name,
    "has values that are not finite numbers; save 0 for the background and 1 for defects",
  );
}
