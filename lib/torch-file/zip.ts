import type { FileHandle } from "node:fs/promises";
import { breathe } from "../errors/breathe.js";
import { readBytes } from "../files/bytes.js";
import { invalidFile } from "../files/invalid-file.js";

/**
 * The part of the zip format that PyTorch writes: uncompressed entries, and ZIP64 for large files. Checksums are not
 * verified; PyTorch does not verify them either.
 */

/** An entry in the directory of an archive. */
export interface ZipEntry {
  name: string;
  /** 0 means uncompressed. */
  method: number;
  encrypted: boolean;
  /** Size in the archive. */
  byteLength: number;
  /** Position of the entry's own header. */
  headerOffset: number;
}

const signatures = {
  local: 0x04034b50,
  directory: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
};
const lengths = { local: 30, directory: 46, end: 22, end64: 56, locator64: 20, maxComment: 65_535 };

/** The longest accepted directory, in bytes: more entries than a pickle can refer to. */
const maxDirectory = 2 ** 24;

/** How many entries are read before the event loop runs. */
const stride = 10_000;

/** In a 32-bit field: the value is stored in the ZIP64 field. */
const elsewhere = 0xffffffff;

/** Whether a file starts like a zip archive. */
export function isZip(start: Buffer): boolean {
  return start.length >= 4 && start.readUInt32LE() === signatures.local;
}

/**
 * Reads the directory of an archive.
 *
 * @returns the entries by name.
 * @throws ReverseDistillationError `INVALID_FILE`, `ABORTED`; or what Node.js throws.
 */
export async function readZipDirectory(
  path: string,
  handle: FileHandle,
  fileSize: number,
  signal?: AbortSignal,
): Promise<Map<string, ZipEntry>> {
  const { offset, byteLength, count } = await findDirectory(path, handle, fileSize);
  if (offset + byteLength > fileSize) throw damaged(path, "its directory lies outside the file");
  if (byteLength > maxDirectory) throw damaged(path, `its directory would have ${byteLength} bytes`);
  const bytes = await readBytes(path, handle, offset, byteLength);
  const entries = new Map<string, ZipEntry>();
  for (let position = 0, i = 0; i < count; i++) {
    if (i % stride === stride - 1) await breathe(signal);
    const { entry, end } = parseEntry(path, bytes, position);
    if (entries.has(entry.name))
      throw damaged(path, `it contains ${JSON.stringify(entry.name)} more than once`);
    entries.set(entry.name, entry);
    position = end;
  }
  return entries;
}

/**
 * Finds where the bytes of an entry start.
 *
 * @throws ReverseDistillationError `INVALID_FILE` if it is compressed, encrypted, or extends beyond the file.
 */
export async function locateZipEntry(
  path: string,
  handle: FileHandle,
  fileSize: number,
  entry: ZipEntry,
): Promise<number> {
  const name = JSON.stringify(entry.name);
  if (entry.method !== 0 || entry.encrypted)
    throw invalidFile(
      path,
      `contains the compressed or encrypted entry ${name}, which PyTorch does not write: ` +
        "load it in PyTorch and save it again.",
    );
  if (entry.headerOffset + lengths.local > fileSize)
    throw damaged(path, `its entry ${name} extends beyond the file`);
  const header = await readBytes(path, handle, entry.headerOffset, lengths.local);
  if (header.readUInt32LE() !== signatures.local)
    throw damaged(path, `its entry ${name} is not where the directory says`);
  const position = entry.headerOffset + lengths.local + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (position + entry.byteLength > fileSize)
    throw damaged(path, `its entry ${name} extends beyond the file`);
  return position;
}

interface DirectoryPlace {
  offset: number;
  byteLength: number;
  count: number;
}

/** The directory is at the end, followed by a record of its position and a comment of any length. */
async function findDirectory(path: string, handle: FileHandle, fileSize: number): Promise<DirectoryPlace> {
  const tailLength = Math.min(fileSize, lengths.end + lengths.maxComment + lengths.locator64);
  const tailStart = fileSize - tailLength;
  const tail = await readBytes(path, handle, tailStart, tailLength);
  let end = tailLength - lengths.end;
  while (end >= 0 && tail.readUInt32LE(end) !== signatures.end) end--;
  if (end < 0)
    throw invalidFile(
      path,
      "is truncated: it starts like a zip archive, but the directory at its end is missing. Copy it again.",
    );
  const place = {
    count: tail.readUInt16LE(end + 10),
    byteLength: tail.readUInt32LE(end + 12),
    offset: tail.readUInt32LE(end + 16),
  };

  const locator = end - lengths.locator64;
  if (locator < 0 || tail.readUInt32LE(locator) !== signatures.locator64) return place;
  const position = toNumber(path, tail.readBigUInt64LE(locator + 8));
  if (position + lengths.end64 > fileSize)
    throw damaged(path, "the record of its directory lies outside the file");
  const end64 = await readBytes(path, handle, position, lengths.end64);
  if (end64.readUInt32LE() !== signatures.end64)
    throw damaged(path, "the record of its directory is not where it should be");
  return {
    count: toNumber(path, end64.readBigUInt64LE(32)),
    byteLength: toNumber(path, end64.readBigUInt64LE(40)),
    offset: toNumber(path, end64.readBigUInt64LE(48)),
  };
}

function parseEntry(path: string, bytes: Buffer, position: number): { entry: ZipEntry; end: number } {
  const cut = () => damaged(path, "its directory is incomplete");
  if (position + lengths.directory > bytes.length) throw cut();
  const header = bytes.subarray(position);
  if (header.readUInt32LE() !== signatures.directory)
    throw damaged(path, "its directory contains an invalid entry");
  const nameEnd = lengths.directory + header.readUInt16LE(28);
  const extraEnd = nameEnd + header.readUInt16LE(30);
  const end = extraEnd + header.readUInt16LE(32);
  if (end > header.length) throw cut();

  const name = header.toString("utf8", lengths.directory, nameEnd);
  const wide = wideFields(path, header.subarray(nameEnd, extraEnd));
  const field = (at: number) => {
    const value = header.readUInt32LE(at);
    if (value !== elsewhere) return value;
    const next = wide.shift();
    if (next === undefined)
      throw damaged(path, `the size or position of its entry ${JSON.stringify(name)} is missing`);
    return next;
  };
  // The order matters: ZIP64 stores only the values that do not fit, the original size before the compressed one.
  const size = field(24);
  const packed = field(20);
  const headerOffset = field(42);
  const method = header.readUInt16LE(10);
  if (method === 0 && size !== packed)
    throw damaged(path, `its entry ${JSON.stringify(name)} has two different sizes`);
  const encrypted = (header.readUInt16LE(8) & 1) !== 0;
  return { entry: { name, method, encrypted, byteLength: packed, headerOffset }, end: position + end };
}

/** The 64-bit numbers in an entry's extra field. */
function wideFields(path: string, extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length;) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1 && end <= extra.length) {
      const fields: number[] = [];
      for (let i = at + 4; i + 8 <= end; i += 8) fields.push(toNumber(path, extra.readBigUInt64LE(i)));
      return fields;
    }
    at = end;
  }
  return [];
}

function toNumber(path: string, value: bigint): number {
  if (value > Number.MAX_SAFE_INTEGER)
    throw damaged(path, `it contains the invalid size or position ${value}`);
  return Number(value);
}

function damaged(path: string, problem: string) {
  return invalidFile(path, `is damaged: ${problem}. Copy it again.`);
}
