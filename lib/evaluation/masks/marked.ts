import { inPieces, type Work } from "../../errors/long-work.js";
import { invalidImage } from "../../image/invalid-image.js";
import type { Samples } from "../../image/samples.js";
import { readingOf } from "./levels.js";
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
export function* markedPixels(
  samples: Samples,
  background: FirstColour | undefined,
  name: string,
): Work<Marked> {
  yield* requireFinite(samples, name);
  const byColour =
    background === undefined
      ? yield* markColours(samples, name)
      : yield* markPalette(samples, background, name);
  const undecided = byColour.count === 0 || byColour.count === byColour.pixels.length;
  return (undecided ? yield* markAlpha(samples, name) : undefined) ?? byColour;
}

function* markPalette(samples: Samples, background: FirstColour, name: string): Work<Marked> {
  const { data, width, height, channels } = samples;
  const colours = channels <= 2 ? 1 : 3;
  const pixels = new Uint8Array(width * height);
  yield* inPieces(pixels.length, (from, to) => {
    for (let i = from; i < to; i++)
      for (let channel = 0; channel < colours; channel++)
        if (data[i * channels + channel] !== background[channel]) pixels[i] = 1;
  });
  const byIndex = yield* marked(samples, pixels, []);
  const byValue = yield* markColours(samples, name);
  const plausible = byValue.count > 0 && byValue.count < byValue.pixels.length;
  if (!plausible || byValue.count === byIndex.count) return byIndex;
  const better = byValue.count < byIndex.count ? byValue : byIndex;
  return { ...better, remarks: [...better.remarks, "palette"] };
}

function* markColours(samples: Samples, name: string): Work<Marked> {
  const { data, channels } = samples;
  if (channels <= 2)
    return yield* markLevels(samples, yield* eachValue(samples, (at) => data[at]!), name, []);
  if (!(yield* onWhite(samples))) {
    const largest = yield* eachValue(samples, (at) => Math.max(data[at]!, data[at + 1]!, data[at + 2]!));
    return yield* markLevels(samples, largest, name, []);
  }
  const white = 2 ** samples.depth - 1;
  const darkness = yield* eachValue(
    samples,
    (at) => white - Math.min(data[at]!, data[at + 1]!, data[at + 2]!),
  );
  return yield* markLevels(samples, darkness, name, ["white-background"]);
}

/** Whether an image has white and colours, but no black. */
function* onWhite({ data, width, height, channels, depth }: Samples): Work<boolean> {
  if (data instanceof Float32Array) return false;
  const white = 2 ** depth - 1;
  const has = { white: false, colour: false, black: false };
  yield* inPieces(width * height, (from, to) => {
    for (let at = from * channels; at < to * channels && !has.black; at += channels) {
      const red = data[at]!;
      if (red !== data[at + 1] || red !== data[at + 2]) has.colour = true;
      else if (red === 0) has.black = true;
      else if (red === white) has.white = true;
    }
  });
  return has.white && has.colour && !has.black;
}

/** Reads the alpha, if there is one and it varies. */
function* markAlpha(samples: Samples, name: string): Work<Marked | undefined> {
  const { data, channels } = samples;
  if (channels !== 2 && channels !== 4) return undefined;
  const alpha = yield* eachValue(samples, (at) => data[at + channels - 1]!);
  let varies = false;
  yield* inPieces(alpha.length, (from, to) => {
    for (let i = from; i < to && !varies; i++) varies = alpha[i] !== alpha[0];
  });
  return varies ? yield* markLevels(samples, alpha, name, ["alpha"]) : undefined;
}

function* markLevels(
  samples: Samples,
  values: Float64Array,
  name: string,
  remarks: readonly MaskRemark[],
): Work<Marked> {
  const negative = new Set<number>();
  yield* inPieces(values.length, (from, to) => {
    for (let i = from; i < to && negative.size < 2; i++) if (values[i]! < 0) negative.add(values[i]!);
  });
  if (negative.size > 1) {
    throw invalidImage(
      name,
      "has several different values below 0; save 0 for the background and 255 for defects",
    );
  }
  const { width, height, data, format } = samples;
  const { threshold, ambiguous } = yield* readingOf({
    values,
    width,
    height,
    lossy: format === "jpeg",
    fractions: data instanceof Float32Array,
  });
  const pixels = new Uint8Array(values.length);
  yield* inPieces(values.length, (from, to) => {
    for (let i = from; i < to; i++)
      pixels[i] = Number(threshold === undefined ? values[i] !== 0 : values[i]! >= threshold);
  });
  const remark: MaskRemark[] = ambiguous ? [threshold === undefined ? "several-levels" : "soft-edges"] : [];
  return yield* marked(samples, pixels, [...remarks, ...remark]);
}

function* marked({ width, height }: Samples, pixels: Uint8Array, remarks: MaskRemark[]): Work<Marked> {
  let count = 0;
  yield* inPieces(pixels.length, (from, to) => {
    for (let i = from; i < to; i++) count += pixels[i]!;
  });
  return { pixels, width, height, count, remarks };
}

/** @param value Of a pixel, by the place of its first sample. */
function* eachValue({ width, height, channels }: Samples, value: (at: number) => number): Work<Float64Array> {
  const values = new Float64Array(width * height);
  yield* inPieces(values.length, (from, to) => {
    for (let i = from; i < to; i++) values[i] = value(i * channels);
  });
  return values;
}

function* requireFinite({ data }: Samples, name: string): Work<void> {
  if (!(data instanceof Float32Array)) return;
  let finite = true;
  yield* inPieces(data.length, (from, to) => {
    for (let i = from; i < to; i++) finite &&= Number.isFinite(data[i]);
  });
  if (finite) return;
  throw invalidImage(
    name,
    "has values that are not finite numbers; save 0 for the background and 1 for defects",
  );
}
