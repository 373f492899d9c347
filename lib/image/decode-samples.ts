import { extname } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { defaultMaxPixels } from "./decoded-size.js";
import { decodeBmp } from "./decoders/bmp.js";
import { readPngHeader } from "./decoders/png-header.js";
import { decodePnm } from "./decoders/pnm.js";
import { decodeBySharp, severalFrames } from "./decoders/sharp.js";
import { decodeTiff } from "./decoders/tiff.js";
import {
  formatOfExtension,
  otherFormats,
  readFormats,
  readNames,
  sniffFormat,
  type ReadFormat,
} from "./formats.js";
import { invalidImage, notRead, reasonOf } from "./invalid-image.js";
import { withoutAlpha, type Samples } from "./samples.js";

/** What {@link decodeSamples} keeps, and what it refuses. */
export interface DecodeSamplesOptions {
  /** Whether an alpha channel is kept as the last one. It is dropped by default; colours stay as they are either way. */
  alpha?: boolean;
  /** An image with more pixels is refused before they are decoded. */
  maxPixels?: number | undefined;
}

/**
 * Decodes the bytes of an image file at the depth that it has, whatever its name: the one decoder of images and masks.
 * A file that is damaged or cut short, as far as its format lets that be seen, is refused.
 *
 * @param name Its path, or what it is called if it has none.
 * @throws ReverseDistillationError `INVALID_IMAGE`
 */
export async function decodeSamples(
  bytes: Uint8Array,
  name: string,
  { alpha = false, maxPixels = defaultMaxPixels }: DecodeSamplesOptions = {},
): Promise<Samples> {
  const format = requireRead(bytes, name);
  try {
    const samples = await decoders[format](bytes, name, { alpha, maxPixels });
    return alpha ? samples : withoutAlpha(samples);
  } catch (error) {
    if (error instanceof ReverseDistillationError) throw error;
    throw invalidImage(name, `cannot be decoded: ${reasonOf(error)}`, error);
  }
}

type Settings = Required<{ [Name in keyof DecodeSamplesOptions]: NonNullable<DecodeSamplesOptions[Name]> }>;
type Decoder = (bytes: Uint8Array, name: string, settings: Settings) => Samples | Promise<Samples>;

const decoders: Record<ReadFormat, Decoder> = {
  png: decodePng,
  jpeg: bySharp("jpeg"),
  tiff: decodeTiff,
  bmp: decodeBmp,
  pnm: decodePnm,
  webp: bySharp("webp"),
  avif: bySharp("avif"),
  gif: bySharp("gif"),
};

function bySharp(format: ReadFormat): Decoder {
  return (bytes, name, settings) => decodeBySharp(bytes, name, { format, ...settings });
}

async function decodePng(bytes: Uint8Array, name: string, settings: Settings): Promise<Samples> {
  const { frames, significantBits } = readPngHeader(bytes);
  if (frames > 1) throw severalFrames(name, frames);
  const samples = await decodeBySharp(bytes, name, { format: "png", ...settings });
  return { ...samples, depth: depthOf(samples, significantBits) };
}

/**
 * The PNG specification has values of 12 bits shifted up into 16, where they reach the same white. Cameras that leave them
 * in the lower bits are told by values of which not all have the empty bits that shifting leaves.
 */
function depthOf({ data, depth }: Samples, significantBits: number | undefined): number {
  if (!(data instanceof Uint16Array) || significantBits === undefined) return depth;
  if (significantBits <= 8 || significantBits >= 16) return depth;
  const empty = 2 ** (16 - significantBits) - 1;
  let met = 0;
  for (const value of data) met |= value;
  return met < 2 ** significantBits && (met & empty) !== 0 ? significantBits : depth;
}

/** The format by the first bytes. Nothing that is not read, such as SVG, reaches a decoder. */
function requireRead(bytes: Uint8Array, name: string): ReadFormat {
  if (bytes.byteLength === 0) throw invalidImage(name, "is empty");
  const format = sniffFormat(bytes);
  const named = formatOfExtension(extname(name));
  // Raw files of most cameras begin as TIFFs do.
  if (named === otherFormats.cameraRaw && format === readFormats.tiff) throw notRead(name, named);
  if (format === undefined) {
    if (named?.remedy !== undefined) throw notRead(name, named);
    if (bytes.every((byte) => byte === 0)) {
      throw invalidImage(name, "contains only zeros: its content was lost, for example while it was copied");
    }
    throw invalidImage(name, `is not in a known image format; supported formats are ${readNames}`);
  }
  const key = (Object.keys(readFormats) as ReadFormat[]).find((each) => readFormats[each] === format);
  if (key === undefined) throw notRead(name, format);
  return key;
}
