import sharp, { type Metadata } from "sharp";
import { inPieces, inTurns, type Work } from "../../errors/long-work.js";
import { requireDecodable } from "../decoded-size.js";
import { readFormats, type ReadFormat } from "../formats.js";
import { invalidImage } from "../invalid-image.js";
import type { Samples } from "../samples.js";

/** How {@link decodeBySharp} goes about it. */
export interface SharpDecoding {
  /** By the file's first bytes. */
  format: ReadFormat;
  /** Whether an alpha channel is kept; colours are as they are either way. */
  alpha: boolean;
  /** An image with more pixels is refused before they are decoded. */
  maxPixels: number;
}

const colourSpaces = ["srgb", "rgb", "rgb16", "b-w", "grey16", "scrgb", "cmyk"];

/** The arrays that hold what libvips calls its samples. */
const sampleArrays = {
  uchar: Uint8Array,
  char: Int8Array,
  ushort: Uint16Array,
  short: Int16Array,
  uint: Uint32Array,
  int: Int32Array,
  float: Float32Array,
} as const;

/**
 * Decodes what libvips reads, through sharp. Colour profiles of RGB and grey images are not applied, CMYK becomes sRGB,
 * palettes are resolved, and nothing is turned.
 *
 * @throws ReverseDistillationError `INVALID_IMAGE`, or what sharp throws.
 */
export async function decodeBySharp(
  bytes: Uint8Array,
  name: string,
  { format, alpha, maxPixels }: SharpDecoding,
): Promise<Samples> {
  const metadata = await sharp(bytes, { limitInputPixels: false }).metadata();
  requireKind(metadata, name, format);
  const { space, depth, channels } = metadata;
  // CMYK has no meaning without a profile: its own, or a general one if it has none.
  const cmyk = space === "cmyk";
  const type = cmyk ? "uchar" : (depth as keyof typeof sampleArrays);
  const Samples = sampleArrays[type];
  const { width, height } = metadata;
  requireDecodable(name, { width, height, channels, sampleBytes: Samples.BYTES_PER_ELEMENT }, maxPixels);

  // Of a TIFF, "truncated" would let what cannot be decoded pass as black.
  const failOn = format === "tiff" ? "error" : "truncated";
  const decoder = sharp(bytes, { limitInputPixels: false, failOn, ignoreIcc: !cmyk });
  if (!alpha) decoder.removeAlpha();
  // sharp gives grey with alpha as grey alone, but RGB of it whole.
  const greyAlpha = alpha && channels === 2;
  const rgb = depth === "ushort" ? "rgb16" : "srgb";
  const target = greyAlpha ? rgb : cmyk || space === "rgb" ? "srgb" : space;
  const { data, info } = await decoder
    .toColourspace(target)
    .raw({ depth: type })
    .toBuffer({ resolveWithObject: true });
  const { buffer, byteOffset, byteLength } = data;
  const values = new Samples(buffer, byteOffset, byteLength / Samples.BYTES_PER_ELEMENT);
  return {
    data: greyAlpha ? await inTurns(greyAndAlpha(values)) : values,
    width: info.width,
    height: info.height,
    channels: greyAlpha ? 2 : info.channels,
    depth: Samples.BYTES_PER_ELEMENT * 8,
    format,
  };
}

/** Of RGB and alpha, one colour and alpha. */
function* greyAndAlpha(values: Samples["data"]): Work<Samples["data"]> {
  const kept = new (values.constructor as new (length: number) => Samples["data"])(values.length / 2);
  yield* inPieces(values.length / 4, (from, to) => {
    for (let i = from; i < to; i++) {
      kept[2 * i] = values[4 * i]!;
      kept[2 * i + 1] = values[4 * i + 3]!;
    }
  });
  return kept;
}

function requireKind(metadata: Metadata, name: string, format: ReadFormat): void {
  const { pages, space, depth, channels } = metadata;
  const expected = format === "avif" ? "heif" : format;
  if (metadata.format !== expected) {
    throw invalidImage(name, `starts like a ${readFormats[format].name} file but is not one`);
  }
  if (pages !== undefined && pages > 1) throw severalFrames(name, pages);
  if (!(depth in sampleArrays)) {
    throw invalidImage(name, `has samples of the type ${depth}; convert them to 8 or 16 bits`);
  }
  if (!colourSpaces.includes(space)) {
    throw invalidImage(name, `has the colour space ${space}; convert it to RGB or grey`);
  }
  if (channels > (space === "cmyk" ? 5 : 4)) {
    throw invalidImage(name, `has ${channels} channels; save only the ones you need, as grey or RGB`);
  }
}

/** @param count Frames or pages. */
export function severalFrames(name: string, count: number): Error {
  return invalidImage(
    name,
    `has ${count} frames or pages, but one is expected; save the one you need to a file of its own`,
  );
}
