import { ByteReader } from "./byte-reader.js";

/** Tags that are read here, by the names of the TIFF 6.0 specification. */
export const tags = {
  newSubfileType: 254,
  subfileType: 255,
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  maxSampleValue: 281,
  planarConfiguration: 284,
  faxOptions3: 292,
  faxOptions4: 293,
  predictor: 317,
  colourMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subDirectories: 330,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  subsampling: 530,
  positioning: 531,
  iccProfile: 34675,
  dngVersion: 50706,
} as const;

/** Bytes of a value by its type, from type 0; 0 for types that do not exist. */
const typeSizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const [byte, short, long, ifd, long8, ifd8] = [1, 3, 4, 13, 16, 18];
const wholeNumbers = [byte, short, long, ifd, long8, ifd8];
const mostEntries = 4096;
const mostDirectories = 65_536;

/** A TIFF file's directories, one per page, read strictly. Classic and Big TIFF, of either byte order. */
export class TiffFile {
  readonly #reader: ByteReader;
  readonly #littleEndian: boolean;
  readonly #big: boolean;
  readonly directories: TiffDirectory[] = [];

  /** @throws CutShort if a directory lies beyond the end, and an Error if the directories are none. */
  constructor(bytes: Uint8Array) {
    this.#littleEndian = bytes[0] === 0x49;
    this.#reader = new ByteReader(bytes, this.#littleEndian ? "little-endian" : "big-endian");
    this.#big = this.#reader.u16(2) === 43;
    const seen = new Set<number>();
    for (let at = this.#offset(this.#big ? 8 : 4); at !== 0; at = this.#readDirectory(at)) {
      if (seen.has(at) || seen.size >= mostDirectories) throw new Error("its directories make a loop");
      seen.add(at);
    }
    if (this.directories.length === 0) throw new Error("it has no directory");
  }

  /** In bytes. */
  get length(): number {
    return this.#reader.length;
  }

  /**
   * The file with one directory: that given, of which some tags are kept, and what they refer to stays where it is, and
   * others are replaced.
   */
  withDirectory(
    directory: TiffDirectory,
    keptTags: ReadonlySet<number>,
    replaced: ReadonlyMap<number, readonly number[]>,
  ): Uint8Array {
    const kept = [...directory.entries].filter(([tag]) => keptTags.has(tag) && !replaced.has(tag));
    const tagsOf = [...kept.map(([tag]) => tag), ...replaced.keys()].sort((a, b) => a - b);
    const [word, entrySize, head] = this.#big ? [8, 20, 8] : [4, 12, 2];
    const start = Math.ceil(this.#reader.length / 8) * 8;
    const values = [...replaced.values()].reduce((sum, each) => sum + each.length * word, 0);
    const copy = new Uint8Array(start + head + tagsOf.length * entrySize + word + values);
    copy.set(this.#reader.bytes);
    const view = new DataView(copy.buffer);
    const put = (at: number, value: number, bytes: number) => {
      if (bytes === 2) view.setUint16(at, value, this.#littleEndian);
      else if (bytes === 4) view.setUint32(at, value, this.#littleEndian);
      else view.setBigUint64(at, BigInt(value), this.#littleEndian);
    };
    put(this.#big ? 8 : 4, start, word);
    put(start, tagsOf.length, head);
    let valuesAt = start + head + tagsOf.length * entrySize + word;
    tagsOf.forEach((tag, index) => {
      const at = start + head + index * entrySize;
      const list = replaced.get(tag);
      if (list === undefined) {
        const entry = directory.entries.get(tag)!;
        this.#requireValues(entry);
        copy.set(this.#reader.slice(entry.at, entrySize), at);
        return;
      }
      put(at, tag, 2);
      put(at + 2, this.#big ? long8 : long, 2);
      put(at + 4, list.length, word);
      const inline = list.length === 1;
      if (!inline) put(at + 4 + word, valuesAt, word);
      list.forEach((value, i) => put(inline ? at + 4 + word : valuesAt + i * word, value, word));
      if (!inline) valuesAt += list.length * word;
    });
    return copy;
  }

  /** @returns where the next one lies, or 0. */
  #readDirectory(at: number): number {
    const [head, entrySize] = this.#big ? [8, 20] : [2, 12];
    const count = this.#big ? this.#reader.u64(at) : this.#reader.u16(at);
    if (count < 1 || count > mostEntries) throw new Error(`its directory has ${count} entries`);
    const entries = new Map<number, TiffEntry>();
    for (let index = 0; index < count; index++) {
      const entry = at + head + index * entrySize;
      entries.set(this.#reader.u16(entry), { at: entry, type: this.#reader.u16(entry + 2) });
    }
    this.directories.push(new TiffDirectory(entries, (entry) => this.#numbers(entry)));
    // The last link is missing in files of careless writers: that is the end, too.
    const link = at + head + count * entrySize;
    return link + (this.#big ? 8 : 4) <= this.#reader.length ? this.#offset(link) : 0;
  }

  /** @returns where an entry's values lie, once all are found to be within the file, and how many there are. */
  #requireValues({ at, type }: TiffEntry): { start: number; count: number; size: number } {
    const word = this.#big ? 8 : 4;
    const size = typeSizes[type] ?? 0;
    const count = this.#big ? this.#reader.u64(at + 4) : this.#reader.u32(at + 4);
    const start = count * size <= word ? at + 4 + word : this.#offset(at + 4 + word);
    this.#reader.slice(start, count * size);
    return { start, count, size };
  }

  #numbers(entry: TiffEntry): number[] {
    const { start, count, size } = this.#requireValues(entry);
    if (!wholeNumbers.includes(entry.type))
      throw new Error(`its directory has a value of type ${entry.type}`);
    return Array.from({ length: count }, (_, i) => {
      const place = start + i * size;
      if (size === 1) return this.#reader.u8(place);
      if (size === 2) return this.#reader.u16(place);
      return size === 4 ? this.#reader.u32(place) : this.#reader.u64(place);
    });
  }

  #offset(at: number): number {
    return this.#big ? this.#reader.u64(at) : this.#reader.u32(at);
  }
}

interface TiffEntry {
  /** Where the entry lies. */
  at: number;
  type: number;
}

/** One page's tags. */
export class TiffDirectory {
  readonly entries: ReadonlyMap<number, TiffEntry>;
  readonly #numbers: (entry: TiffEntry) => number[];

  constructor(entries: ReadonlyMap<number, TiffEntry>, numbers: (entry: TiffEntry) => number[]) {
    this.entries = entries;
    this.#numbers = numbers;
  }

  has(tag: number): boolean {
    return this.entries.has(tag);
  }

  /** A tag's whole numbers, or undefined if it has none of that name. */
  list(tag: number): number[] | undefined {
    const entry = this.entries.get(tag);
    return entry && this.#numbers(entry);
  }

  /** A tag's first number. */
  number(tag: number, absent: number): number {
    return this.list(tag)?.[0] ?? absent;
  }
}
