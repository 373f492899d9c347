import { counted } from "../../errors/counted.js";
import { requireDecodable } from "../decoded-size.js";
import { invalidImage } from "../invalid-image.js";
import { withoutAlpha, type Samples } from "../samples.js";
import { applyOrientation } from "./orientation.js";
import { decodeBySharp } from "./sharp.js";
import { TiffFile, tags } from "./tiff-directory.js";
import { pageOf, type TiffPage } from "./tiff-page.js";
import { checkParts, partsOf } from "./tiff-parts.js";
import { restack, unstack } from "./tiff-stack.js";

/**
 * Decodes the one page of a TIFF that counts, as Python's PIL does: turned by its orientation, with an alpha divided out
 * of the colours that it was multiplied into.
 *
 * @throws ReverseDistillationError `INVALID_IMAGE`
 * @throws CutShort, or another Error that says what is damaged.
 */
export async function decodeTiff(
  bytes: Uint8Array,
  name: string,
  { alpha, maxPixels }: { alpha: boolean; maxPixels: number },
): Promise<Samples> {
  const file = new TiffFile(bytes);
  const page = pageOf(file.directories, name);
  const { width, height, samples, bits, premultiplied, orientation } = page;
  requireDecodable(name, { width, height, channels: samples, sampleBytes: Math.ceil(bits / 8) }, maxPixels);
  const parts = partsOf(page, bytes.length);
  requireModestTiles(page, parts.length, name, maxPixels);
  await checkParts(bytes, page, parts);
  const options = {
    format: "tiff",
    alpha: alpha || premultiplied,
    maxPixels: tilesPerPicture * maxPixels,
  } as const;
  const decoded = unstack(await decodeBySharp(restack(file, page, parts), name, options), page);
  const coloured = premultiplied ? divided(decoded) : decoded;
  const turned = applyOrientation(alpha ? coloured : withoutAlpha(coloured), orientation);
  return { ...turned, depth: depthOf(turned, page) };
}

/** Tiles are decoded whole. Together, they may have so many times the pixels that a picture may have. */
const tilesPerPicture = 4;

function requireModestTiles(
  { width, height, tile, planar, samples }: TiffPage,
  parts: number,
  name: string,
  maxPixels: number,
): void {
  const count = planar ? parts / samples : parts;
  if (tile === undefined || tile.width * tile.height * count <= tilesPerPicture * maxPixels) return;
  throw invalidImage(
    name,
    `has ${counted(count, "tile")} of ${tile.width} x ${tile.height} pixels for a picture of ${width} x ${height}, too ` +
      `many to decode with maxPixels ${maxPixels}; save it with smaller tiles`,
  );
}

/** The colours without the alpha that was multiplied into them, rounded down; where it is 0 they are 0. */
function divided(samples: Samples): Samples {
  const { data, channels } = samples;
  const white = 2 ** samples.depth - 1;
  const pixels = data.slice();
  for (let at = 0; at < pixels.length; at += channels) {
    const alpha = data[at + channels - 1]!;
    if (alpha === white) continue;
    for (let channel = 0; channel < channels - 1; channel++) {
      pixels[at + channel] =
        alpha === 0 ? 0 : Math.min(white, Math.floor((data[at + channel]! * white) / alpha));
    }
  }
  return { ...samples, data: pixels };
}

/** The bits that count: fewer than 16 if the file says that its largest value is 2 ** bits - 1, and that holds. */
function depthOf({ data, depth }: Samples, { directory }: TiffPage): number {
  if (!(data instanceof Uint16Array) || depth < 16) return depth;
  const largest = new Set(directory.list(tags.maxSampleValue) ?? []);
  const stated = largest.size === 1 ? Math.log2([...largest][0]! + 1) : depth;
  if (!Number.isInteger(stated) || stated <= 8) return depth;
  let met = 0;
  for (const value of data) met |= value;
  return met < 2 ** stated ? stated : depth;
}
