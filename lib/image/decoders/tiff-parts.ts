import { promisify } from "node:util";
import { constants, inflate } from "node:zlib";
import { reasonOf } from "../invalid-image.js";
import { CutShort } from "./byte-reader.js";
import { tags } from "./tiff-directory.js";
import type { TiffPage } from "./tiff-page.js";

const inflateBytes = promisify(inflate);

/** One strip or tile, as it lies in the file. */
export interface TiffPart {
  offset: number;
  /** Bytes in the file. */
  length: number;
  /** Bytes once it is decoded: fewer in the last strip, unless its writer filled it up. */
  decoded: number;
  filled: number;
}

/** Bytes of a row of a strip or tile. */
export function rowBytesOf(page: TiffPage): number {
  const { width, samples, bits, planar, tile } = page;
  return Math.ceil(((tile?.width ?? width) * (planar ? 1 : samples) * bits) / 8);
}

export function rowsPerPart({ directory, height, tile }: TiffPage): number {
  return tile?.height ?? Math.max(1, Math.min(directory.number(tags.rowsPerStrip, height), height));
}

/**
 * The strips or tiles of a page, which all lie within the file.
 *
 * @throws CutShort if one does not, and an Error if some are not named at all.
 */
export function partsOf(page: TiffPage, fileLength: number): TiffPart[] {
  const { directory, width, height, tile, planar, samples, compression } = page;
  const rows = rowsPerPart(page);
  const inPlane = Math.ceil(height / rows) * (tile ? Math.ceil(width / tile.width) : 1);
  const count = inPlane * (planar ? samples : 1);
  const offsets = directory.list(tile ? tags.tileOffsets : tags.stripOffsets) ?? [];
  const lengths = directory.list(tile ? tags.tileByteCounts : tags.stripByteCounts) ?? [];
  if (offsets.length < count || (lengths.length < count && compression !== 1 && count > 1)) {
    const given = compression === 1 ? offsets.length : Math.min(offsets.length, lengths.length);
    throw new Error(`it has ${given} of ${count} ${tile ? "tiles" : "strips"}`);
  }
  return offsets.slice(0, count).map((offset, index) => {
    const filled = rowBytesOf(page) * rows;
    const last = tile === undefined && index % inPlane === inPlane - 1;
    const decoded = last ? rowBytesOf(page) * (height - rows * (inPlane - 1)) : filled;
    // Without compression the length follows from the size, and is not always stated as it should be.
    const length = compression === 1 ? decoded : (lengths[index] ?? fileLength - offset);
    if (offset + length > fileLength) {
      throw new CutShort(
        `it is cut short: ${tile ? "tile" : "strip"} ${index + 1} of ${count} is not all there`,
      );
    }
    return { offset, length, decoded, filled };
  });
}

/**
 * Checks what libtiff does not: that each strip or tile decodes to all of its rows, as far as its compression lets that be
 * seen. libtiff stops once it has the rows that it was asked for, and takes what damage made of them.
 *
 * @throws an Error that says which of them is damaged.
 */
export async function checkParts(
  bytes: Uint8Array,
  page: TiffPage,
  parts: readonly TiffPart[],
): Promise<void> {
  const check = checks[page.compression];
  if (check === undefined) return;
  for (const [index, part] of parts.entries()) {
    const problem = await check(bytes.subarray(part.offset, part.offset + part.length), part);
    if (problem === undefined) continue;
    const name = `${page.tile ? "tile" : "strip"} ${index + 1} of ${parts.length}`;
    throw new Error(`its ${name} is damaged or cut short: ${problem}`);
  }
}

/** Says what is wrong with a part, if anything is. */
type Check = (stored: Uint8Array, part: TiffPart) => string | undefined | Promise<string | undefined>;

const checks: Record<number, Check | undefined> = {
  2: fax,
  3: fax,
  4: fax,
  7: jpeg,
  8: deflated,
  32_773: packBits,
  32_946: deflated,
};

/** Some writers do not end the stream: what counts is that all rows come out, and that a checksum that is there holds. */
async function deflated(stored: Uint8Array, { decoded, filled }: TiffPart): Promise<string | undefined> {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 * filled };
    const { length } = await inflateBytes(stored, options);
    return length < decoded ? `it has ${length} of ${decoded} bytes` : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return undefined;
    return reasonOf(error);
  }
}

/** A length below 128 is followed by so many bytes and one more, one above by a byte that is repeated 257 - length times. */
function packBits(stored: Uint8Array, { decoded, filled }: TiffPart): string | undefined {
  let length = 0;
  for (let at = 0; at < stored.length;) {
    const code = stored[at]!;
    if (code > 128) length += 257 - code;
    else if (code < 128) length += code + 1;
    at += code > 128 ? 2 : code < 128 ? code + 2 : 1;
  }
  return length === decoded || length === filled
    ? undefined
    : `it has ${length} bytes, and ${decoded} belong there`;
}

/** Ends with the marker of the end, after which a writer may fill up to an even length. */
function jpeg(stored: Uint8Array): string | undefined {
  const end = Buffer.from(stored.subarray(-4)).toString("latin1");
  return /\xff\xd9[\0\xff]{0,2}$/.test(end) ? undefined : "its JPEG does not end";
}

/** No code has as many zeros as a tail that was lost. */
function fax(stored: Uint8Array): string | undefined {
  const tail = stored.subarray(-faxTail);
  return tail.length === faxTail && tail.every((byte) => byte === 0) ? "it ends in zeros" : undefined;
}

const faxTail = 16;
