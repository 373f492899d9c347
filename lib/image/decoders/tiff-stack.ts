import type { Samples } from "../samples.js";
import { tags, type TiffFile } from "./tiff-directory.js";
import type { TiffPage } from "./tiff-page.js";
import { rowBytesOf, rowsPerPart, type TiffPart } from "./tiff-parts.js";

type SampleArray = Samples["data"];

/** Tags that say how pixels are stored, and are kept as they are. Others could only be the reason for a refusal. */
const keptTags = new Set([
  tags.bitsPerSample,
  tags.compression,
  tags.photometric,
  tags.fillOrder,
  tags.samplesPerPixel,
  tags.planarConfiguration,
  tags.faxOptions3,
  tags.faxOptions4,
  tags.predictor,
  tags.colourMap,
  tags.extraSamples,
  tags.sampleFormat,
  tags.jpegTables,
  tags.subsampling,
  tags.positioning,
  tags.iccProfile,
]);

/**
 * The file with the page described anew, in a directory of its own, so that libvips decodes it and reports what it cannot
 * decode:
 *
 * - Tiles become the strips of one tall picture. libvips leaves a tile that cannot be decoded black, and does not tell.
 * - Samples of 10, 12 or 14 bits become the bytes that they lie in. libvips does not read them.
 * - Signed samples of 16 bits become unsigned. sharp cuts off those below 0.
 * - An alpha that was multiplied into the colours becomes one that was not. libvips divides it out in its own way.
 */
export function restack(file: TiffFile, page: TiffPage, parts: readonly TiffPart[]): Uint8Array {
  const { directory, tile, width, height, planar, samples, premultiplied } = page;
  const stacked = (parts.length / (planar ? samples : 1)) * rowsPerPart(page);
  const replaced = new Map<number, number[]>([
    [tags.width, [isPacked(page) ? rowBytesOf(page) : (tile?.width ?? width)]],
    [tags.height, [tile ? stacked : height]],
    [tags.stripOffsets, parts.map(({ offset }) => offset)],
    [tags.rowsPerStrip, [rowsPerPart(page)]],
    [tags.stripByteCounts, parts.map(({ length }) => length)],
  ]);
  const kept = new Set<number>(keptTags);
  if (isSigned16(page)) replaced.set(tags.sampleFormat, new Array<number>(samples).fill(1));
  if (premultiplied) replaced.set(tags.extraSamples, [2]);
  if (isPacked(page)) {
    for (const tag of [tags.extraSamples, tags.sampleFormat, tags.planarConfiguration]) kept.delete(tag);
    replaced.delete(tags.extraSamples);
    replaced.set(tags.bitsPerSample, [8]);
    replaced.set(tags.samplesPerPixel, [1]);
    replaced.set(tags.photometric, [1]);
  }
  return file.withDirectory(directory, kept, replaced);
}

/** The page's own pixels, from what {@link restack}'s directory was decoded to. */
export function unstack(stacked: Samples, page: TiffPage): Samples {
  const rows = isPacked(page) ? unpacked(stacked, page) : isSigned16(page) ? signed(stacked) : stacked;
  return page.tile === undefined ? rows : untiled(rows, page.tile, page);
}

/** Samples of 10, 12 and 14 bits lie in a row without gaps between them. */
function isPacked({ bits }: TiffPage): boolean {
  return bits > 8 && bits < 16;
}

function isSigned16({ format, bits }: TiffPage): boolean {
  return format === "signed" && bits === 16;
}

/** Each sample of its own, its upper bits first in the bytes. */
function unpacked(stacked: Samples, page: TiffPage): Samples {
  const { bits, samples, photometric, tile } = page;
  const width = tile?.width ?? page.width;
  const white = 2 ** bits - 1;
  const data = new Uint16Array(width * samples * stacked.height);
  for (let y = 0, to = 0; y < stacked.height; y++) {
    let held = 0;
    let heldBits = 0;
    let from = y * rowBytesOf(page);
    for (let x = 0; x < width * samples; x++) {
      while (heldBits < bits) {
        held = ((held << 8) | stacked.data[from++]!) & 0xff_ffff;
        heldBits += 8;
      }
      heldBits -= bits;
      const value = (held >> heldBits) & white;
      data[to++] = photometric === 0 ? white - value : value;
    }
  }
  return { ...stacked, data, width, channels: samples as Samples["channels"], depth: bits };
}

function signed(stacked: Samples): Samples {
  const { buffer, byteOffset, length } = stacked.data;
  return { ...stacked, data: new Int16Array(buffer, byteOffset, length) };
}

function untiled(stacked: Samples, tile: { width: number; height: number }, page: TiffPage): Samples {
  const { width, height } = page;
  const { channels } = stacked;
  const data = new (stacked.data.constructor as new (length: number) => SampleArray)(
    width * height * channels,
  );
  const across = Math.ceil(width / tile.width);
  for (let y = 0; y < height; y++) {
    for (let column = 0; column < across; column++) {
      const row = (Math.floor(y / tile.height) * across + column) * tile.height + (y % tile.height);
      const length = Math.min(tile.width, width - column * tile.width);
      const from = row * tile.width * channels;
      const to = (y * width + column * tile.width) * channels;
      data.set(stacked.data.subarray(from, from + length * channels), to);
    }
  }
  return { ...stacked, data, width, height };
}
