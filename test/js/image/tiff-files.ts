/** TIFF files for tests: written tag by tag, or with the directory moved before the pixels. */

export interface TiffFields {
  [tag: number]: number | readonly number[];
}

/** Tags whose values are places in the file, which move with what they point to. */
const offsetTags = [273, 324];
const typeSizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];

/**
 * A file of one directory per page, each followed by its strips or tiles (by tag 322). Width, height and the like are
 * fields; places and lengths of the parts are filled in.
 */
export function writeTiff(
  pages: readonly { fields: TiffFields; parts: readonly Uint8Array[] }[],
  byteOrder: "II" | "MM" = "II",
): Buffer {
  const little = byteOrder === "II";
  const chunks: Buffer[] = [Buffer.from(little ? "II*\0\x08\0\0\0" : "MM\0*\0\0\0\x08", "latin1")];
  let at = 8;
  pages.forEach(({ fields, parts }, index) => {
    const tiled = 322 in fields;
    const all: TiffFields = { 277: 1, 258: 8, 259: 1, 262: 1 };
    if (!tiled) all[278] = fields[257]!;
    Object.assign(all, fields, { [tiled ? 325 : 279]: parts.map(({ length }) => length) });
    const offsetTag = tiled ? 324 : 273;
    const tags = [...Object.keys(all).map(Number), offsetTag].sort((a, b) => a - b);
    const listOf = (tag: number) => (Array.isArray(all[tag]) ? (all[tag] as number[]) : [all[tag] as number]);
    const lengths = tags.map((tag) => (tag === offsetTag ? parts.length : listOf(tag).length));
    const headLength = 2 + 12 * tags.length + 4;
    const listsLength = lengths.reduce((sum, length) => sum + (length > 1 ? 4 * length : 0), 0);
    let part = at + headLength + listsLength;
    const offsets = parts.map(({ length }) => (part += length) - length);
    const head = Buffer.alloc(headLength + listsLength);
    const put = (place: number, value: number, bytes: 2 | 4) => {
      if (little) head.writeUIntLE(value, place, bytes);
      else head.writeUIntBE(value, place, bytes);
    };
    put(0, tags.length, 2);
    let listAt = headLength;
    tags.forEach((tag, i) => {
      const list = tag === offsetTag ? offsets : listOf(tag);
      const entry = 2 + 12 * i;
      put(entry, tag, 2);
      put(entry + 2, 4, 2);
      put(entry + 4, list.length, 4);
      if (list.length > 1) put(entry + 8, at + listAt, 4);
      list.forEach((value, j) => put(list.length > 1 ? listAt + 4 * j : entry + 8, value, 4));
      if (list.length > 1) listAt += 4 * list.length;
    });
    put(headLength - 4, index < pages.length - 1 ? part : 0, 4);
    chunks.push(head, ...parts.map((bytes) => Buffer.from(bytes)));
    at = part;
  });
  return Buffer.concat(chunks);
}

/**
 * The same picture with its directory before its pixels, as PIL and cameras write it, so that a file that is cut short
 * keeps the directory. For classic files in little-endian order with one page.
 */
export function directoryFirst(file: Buffer): { file: Buffer; pixels: number } {
  const directory = file.readUInt32LE(4);
  const count = file.readUInt16LE(directory);
  const length = 2 + 12 * count + 4;
  const moved = Buffer.from(file);
  const values = (entry: number) => {
    const size = typeSizes[file.readUInt16LE(entry + 2)]! * file.readUInt32LE(entry + 4);
    return { size, at: size > 4 ? file.readUInt32LE(entry + 8) : entry + 8 };
  };
  // What the directory refers to goes with it; the pixels, which are first in the file, come after.
  const lists: Buffer[] = [];
  let listAt = 8 + length;
  for (let index = 0; index < count; index++) {
    const { size, at } = values(directory + 2 + 12 * index);
    if (size > 4) lists.push(file.subarray(at, at + size));
  }
  const shift = length + lists.reduce((sum, { length: size }) => sum + size, 0);
  const copies: Buffer[] = [];
  for (let index = 0; index < count; index++) {
    const entry = directory + 2 + 12 * index;
    const { size, at } = values(entry);
    if (offsetTags.includes(file.readUInt16LE(entry))) {
      if (file.readUInt16LE(entry + 2) !== 4) throw new Error("places of 16 bits");
      for (let i = 0; i < size; i += 4) moved.writeUInt32LE(file.readUInt32LE(at + i) + shift, at + i);
    }
    if (size <= 4) continue;
    moved.writeUInt32LE(listAt, entry + 8);
    copies.push(moved.subarray(at, at + size));
    listAt += size;
  }
  const head = Buffer.from(file.subarray(0, 8));
  head.writeUInt32LE(8, 4);
  const result = Buffer.concat([
    head,
    moved.subarray(directory, directory + length),
    ...copies,
    moved.subarray(8, directory),
  ]);
  return { file: result, pixels: 8 + shift };
}
