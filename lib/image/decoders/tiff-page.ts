import { otherFormats } from "../formats.js";
import { invalidImage, notRead } from "../invalid-image.js";
import { severalFrames } from "./sharp.js";
import { tags, type TiffDirectory } from "./tiff-directory.js";

/** What the tags of a TIFF page say of its pixels, once they are found to be of a kind that is read. */
export interface TiffPage {
  directory: TiffDirectory;
  width: number;
  height: number;
  /** Bits of one sample. */
  bits: number;
  /** Samples of one pixel, an alpha counted. */
  samples: number;
  /** Whether the alpha, if there is one, was multiplied into the colours. */
  premultiplied: boolean;
  format: "unsigned" | "signed" | "float";
  compression: number;
  photometric: number;
  /** Whether each channel lies on its own. */
  planar: boolean;
  tile?: { width: number; height: number } | undefined;
  orientation: number;
}

/** Compressions that are decoded, by their number. */
const readCompressions = new Set([1, 2, 3, 4, 5, 7, 8, 32_773, 32_946]);
const otherCompressions: Record<number, string> = {
  6: "old-style JPEG",
  32_766: "NeXT",
  32_809: "ThunderScan",
  34_661: "JBIG",
  34_677: "SGI LogLuv",
  34_712: "JPEG 2000",
  33_003: "JPEG 2000",
  33_005: "JPEG 2000",
  34_887: "LERC",
  34_892: "lossy JPEG",
  34_925: "LZMA",
  34_933: "PNG",
  34_934: "JPEG XR",
  50_000: "ZSTD",
  50_001: "WebP",
  50_002: "JPEG XL",
  52_546: "JPEG XL",
};

/** Colours of one pixel by the photometric interpretation: white is 0, black is 0, RGB, palette, CMYK, YCbCr. */
const colours: Record<number, number> = { 0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3 };
const otherColours: Record<number, string> = {
  4: "transparency mask",
  6: "YCbCr",
  8: "CIELab",
  9: "ICCLab",
  10: "ITULab",
};
const formats = ["unsigned", "unsigned", "signed", "float", "unsigned"] as const;

/**
 * The page that counts: the only one that is no smaller copy of another (NewSubfileType) and no mask.
 *
 * @throws ReverseDistillationError `INVALID_IMAGE` if several count, or if its pixels are of a kind that is not read.
 */
export function pageOf(directories: readonly TiffDirectory[], name: string): TiffPage {
  const whole = directories.filter((directory) => !isReduced(directory));
  if (whole.length > 1) throw severalFrames(name, whole.length);
  const directory = whole[0] ?? directories[0]!;
  if (directories.some((each) => each.has(tags.dngVersion)) || isPreviewOfRaw(directories)) {
    throw notRead(name, otherFormats.cameraRaw);
  }
  const page = describe(directory, name);
  requireCompression(page, name);
  requireColours(page, name);
  requireBits(page, name);
  return page;
}

function isReduced(directory: TiffDirectory): boolean {
  return (directory.number(tags.newSubfileType, 0) & 5) !== 0 || directory.number(tags.subfileType, 1) === 2;
}

/** Raw files of cameras hold previews as pages, and the sensor's values in a directory below one of them. */
function isPreviewOfRaw(directories: readonly TiffDirectory[]): boolean {
  return directories.every(isReduced) && directories.some((each) => each.has(tags.subDirectories));
}

function describe(directory: TiffDirectory, name: string): TiffPage {
  const [width, height] = [directory.number(tags.width, 0), directory.number(tags.height, 0)];
  if (width < 1 || height < 1) throw invalidImage(name, `is damaged: its size is ${width} x ${height}`);
  const bits = new Set(directory.list(tags.bitsPerSample) ?? [1]);
  const sampleFormats = new Set(directory.list(tags.sampleFormat) ?? [1]);
  if (bits.size !== 1 || sampleFormats.size !== 1) {
    throw invalidImage(name, "has channels of different types; convert them to 8 or 16 bits");
  }
  const format = formats[[...sampleFormats][0]!];
  if (format === undefined)
    throw invalidImage(name, "has samples that are not real numbers; convert them to 8 or 16 bits");
  const tiled = directory.has(tags.tileOffsets);
  const tile = { width: directory.number(tags.tileWidth, 0), height: directory.number(tags.tileHeight, 0) };
  if (tiled && (tile.width < 1 || tile.height < 1)) {
    throw invalidImage(name, `is damaged: its tiles are ${tile.width} x ${tile.height}`);
  }
  return {
    directory,
    width,
    height,
    bits: [...bits][0]!,
    samples: directory.number(tags.samplesPerPixel, 1),
    premultiplied: directory.number(tags.extraSamples, 0) === 1,
    format,
    compression: directory.number(tags.compression, 1),
    photometric: directory.number(tags.photometric, 1),
    planar: directory.number(tags.planarConfiguration, 1) === 2,
    tile: tiled ? tile : undefined,
    orientation: directory.number(tags.orientation, 1),
  };
}

function requireCompression({ compression }: TiffPage, name: string): void {
  if (readCompressions.has(compression)) return;
  const which = otherCompressions[compression] ?? `number ${compression}`;
  throw invalidImage(
    name,
    `is a TIFF with the compression ${which}, which is not supported; save it with LZW or Deflate`,
  );
}

function requireColours({ photometric, samples, compression, directory }: TiffPage, name: string): void {
  const expected = colours[photometric];
  if (photometric === 32_803) {
    throw invalidImage(
      name,
      "contains the mosaic of a colour sensor (CFA), which is not supported in files; demosaic it and save it as RGB, or " +
        'pass its values as raw pixels with their order, such as "bayer_rggb"',
    );
  }
  // libtiff converts the colours of a JPEG itself, and leaves others as they are.
  if (expected === undefined || (photometric === 6 && compression !== 7)) {
    throw invalidImage(
      name,
      `has the colour space ${otherColours[photometric] ?? `number ${photometric}`}; convert it to RGB or grey`,
    );
  }
  const extra = samples - expected;
  if (extra < 0) throw invalidImage(name, `is damaged: it has ${samples} of ${expected} channels`);
  const kinds = directory.list(tags.extraSamples) ?? [];
  const alpha = extra === 1 && (kinds[0] === 1 || kinds[0] === 2);
  if (extra === 0 || alpha) return;
  const base = { 1: "grey", 3: "RGB", 4: "CMYK" }[expected]!;
  throw invalidImage(
    name,
    `has ${samples} channels: ${base} and ${extra} that its tag ExtraSamples does not declare as alpha; ` +
      "save only the channels you need, as grey or RGB",
  );
}

function requireBits(
  { bits, format, compression, samples, planar, directory }: TiffPage,
  name: string,
): void {
  const supported =
    format === "unsigned" ? [1, 2, 4, 8, 10, 12, 14, 16, 32] : format === "signed" ? [8, 16, 32] : [32];
  const packed = bits === 10 || bits === 12 || bits === 14;
  const unpackable =
    compression !== 7 && !(planar && samples > 1) && directory.number(tags.predictor, 1) === 1;
  if (supported.includes(bits) && (!packed || unpackable)) return;
  throw invalidImage(name, `has samples of ${bits} bits (${format}); convert them to 8 or 16 bits`);
}
