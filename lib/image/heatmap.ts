import sharp from "sharp";
import { wholeImage, type AnomalyMap, type MapPart } from "./anomaly-map.js";
import { colourMap } from "./colour-map.js";
import type { LevelRange } from "../options/levels.js";
import { drawLegend } from "./legend.js";
import { levelRange } from "./levels.js";
import type { Outlines } from "../options/heatmap.js";
import { drawOutlines } from "./outlines.js";
import { plainPixels, type PlainPixels } from "./plain-pixels.js";
import type { RawImage } from "./raw-image.js";

/** An anomaly map in a quarter of the memory: 8 bits per value, in steps of `peak` / 255. */
export interface QuantisedMap {
  data: Uint8Array;
  height: number;
  width: number;
  /** The map's largest value. */
  peak: number;
  /** The part of the image that the map shows; absent if it shows the whole image. */
  part?: MapPart | undefined;
  /** The region of interest, 0 outside; absent if it is the whole map. */
  mask?: Uint8Array | undefined;
}

/** Opacity of the black over what is outside of the region of interest, from 0 to 255. */
const outsideCover = 140;

/** Opacity of the colour at the end of the scale, from 0 to 1. */
const strongestCover = 0.75;

/** Reduces a map to 8 bits per value. Values below 0, which only rounding causes, become 0. */
export function quantiseMap({ data, height, width, part, mask }: AnomalyMap): QuantisedMap {
  const peak = data.reduce((largest, value) => Math.max(largest, value), 0);
  const scale = peak > 0 ? 255 / peak : 0;
  return {
    data: Uint8Array.from(data, (value) => Math.max(0, Math.round(value * scale))),
    height,
    width,
    peak,
    part,
    mask,
  };
}

/** What a heatmap shows besides the map. */
export interface HeatmapOptions {
  /** The levels of the model, which an image with more than 8 bits is shown with. */
  levels?: LevelRange | undefined;
  /** Outlines of regions. */
  outlines?: Outlines;
  /** Whether a strip below the image explains the colours, if there is room for it. */
  legend?: boolean;
  /** Values that the legend marks, such as thresholds. */
  marks?: readonly number[];
  /** How the picture is encoded. Default: "png". */
  format?: "png" | "webp";
}

/**
 * Draws an anomaly map over its image, at the image's size. The more anomalous a place is, the lighter and more opaque
 * its colour. Images that share one scale can be compared, and normal ones stay pale. What is outside of the region of
 * interest is dark.
 *
 * @param scaleEnd The map value that gets the strongest colour, as do all higher values; above 0.
 * @returns The encoded picture.
 */
export async function renderHeatmap(
  image: RawImage,
  map: QuantisedMap,
  scaleEnd: number,
  { levels, outlines = [], legend = false, marks = [], format = "png" }: HeatmapOptions = {},
): Promise<Buffer> {
  const { data, width, height, channels } = await withoutAlpha(eightBits(image, levels));
  const part = map.part ?? wholeImage;
  const [rows, columns] = [Math.round(part.height * height), Math.round(part.width * width)];
  const place = { top: Math.round(part.top * height), left: Math.round(part.left * width) };
  const overlay = await sharp(colourMapped(map, scaleEnd), {
    raw: { width: map.width, height: map.height, channels: 4 },
  })
    .resize(columns, rows, { fit: "fill", kernel: "cubic" })
    .raw()
    .toBuffer();
  const strip = legend ? drawLegend(width, scaleEnd, marks) : undefined;
  return sharp(data, { raw: { width, height, channels } })
    .toColourspace("srgb")
    .extend({ bottom: strip?.height ?? 0, background: "black" })
    .composite([
      { input: overlay, raw: { width: columns, height: rows, channels: 4 }, ...place },
      ...(outlines.length > 0 ? [{ input: drawOutlines(outlines, { width, height }), top: 0, left: 0 }] : []),
      ...(strip === undefined ? [] : [{ input: strip.svg, top: height, left: 0 }]),
    ])
    .removeAlpha()
    .toFormat(format)
    .toBuffer();
}

/** 8-bit pixels in the order RGB, as sharp expects them. */
export function eightBits(image: RawImage, model: LevelRange | undefined): PlainPixels {
  const plain = plainPixels(image);
  if (!(plain.data instanceof Uint16Array)) return plain;
  const { black, white } = levelRange(image, model);
  const level = (value: number) =>
    Math.round(Math.min(1, Math.max(0, (value - black) / (white - black))) * 255);
  return { ...plain, data: Uint8Array.from(plain.data, level) };
}

/** sharp composites with alpha before it drops it, so alpha has to go first. */
async function withoutAlpha({ data, width, height, channels }: PlainPixels): Promise<PlainPixels> {
  if (channels !== 4) return { data, width, height, channels };
  const colours = await sharp(data, { raw: { width, height, channels } }).removeAlpha().raw().toBuffer();
  return { data: colours, width, height, channels: 3 };
}

/** The colours of a map as RGBA. Opacity grows with the square of the value, so low values leave the image clear. */
function colourMapped({ data, peak, mask }: QuantisedMap, scaleEnd: number): Uint8Array {
  const table = Array.from({ length: 256 }, (_, step) => {
    const position = Math.min(1, ((step / 255) * peak) / scaleEnd);
    return [...colourMap[Math.round(position * 255)]!, Math.round(position ** 2 * strongestCover * 255)];
  });
  const pixels = new Uint8Array(data.length * 4);
  const outside = [0, 0, 0, outsideCover];
  data.forEach((step, index) => pixels.set(mask?.[index] === 0 ? outside : table[step]!, index * 4));
  return pixels;
}
