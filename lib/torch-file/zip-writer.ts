import type { FileHandle } from "node:fs/promises";
import { ReverseDistillationError } from "../errors/error.js";
import { writeBytes } from "../files/bytes.js";
import { crc32 } from "../files/crc32.js";

/** How many bytes are hashed and written at a time: few enough not to block the event loop. */
const chunk = 2 ** 20;

/** The limits of the format without ZIP64. */
const maxOffset = 2 ** 32 - 1;
const maxEntries = 2 ** 16 - 1;

/** The checksum follows the content, and the name is UTF-8. */
const flags = 0x0808;

/** Id of the extra field that pads an entry, as in PyTorch. */
const paddingField = 0x4246;

interface WrittenEntry {
  name: Buffer;
  checksum: number;
  byteLength: number;
  headerOffset: number;
}

/**
 * Writes a zip archive of uncompressed, aligned entries in one pass. The archive is limited to 4 GiB; the models of
 * this package are far smaller.
 */
export class ZipWriter {
  readonly #file: FileHandle;
  readonly #alignment: number;
  readonly #entries: WrittenEntry[] = [];
  #position = 0;

  /** @param alignment Where contents start: at multiples of this number of bytes. */
  constructor(file: FileHandle, alignment: number) {
    this.#file = file;
    this.#alignment = alignment;
  }

  /** @throws ReverseDistillationError `INTERNAL` if the archive becomes too large; or what Node.js throws. */
  async add(name: string, content: Uint8Array): Promise<void> {
    const entry = {
      name: Buffer.from(name),
      checksum: 0,
      byteLength: content.byteLength,
      headerOffset: this.#position,
    };
    const extra = this.#padding(entry.name.length);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(flags, 6);
    header.writeUInt16LE(entry.name.length, 26);
    header.writeUInt16LE(extra.length, 28);
    this.#requireRoom(header.length + entry.name.length + extra.length + content.byteLength);
    await this.#write(Buffer.concat([header, entry.name, extra]));

    for (let done = 0; done < content.byteLength; done += chunk) {
      const part = content.subarray(done, done + chunk);
      entry.checksum = crc32(part, entry.checksum);
      await this.#write(part);
    }
    const descriptor = Buffer.alloc(16);
    descriptor.writeUInt32LE(0x08074b50, 0);
    descriptor.writeUInt32LE(entry.checksum, 4);
    descriptor.writeUInt32LE(entry.byteLength, 8);
    descriptor.writeUInt32LE(entry.byteLength, 12);
    await this.#write(descriptor);
    this.#entries.push(entry);
  }

  /** Writes the directory at the end of the archive. */
  async finish(): Promise<void> {
    const directory = Buffer.concat(this.#entries.flatMap((entry) => [directoryHeader(entry), entry.name]));
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(this.#entries.length, 8);
    end.writeUInt16LE(this.#entries.length, 10);
    end.writeUInt32LE(directory.length, 12);
    end.writeUInt32LE(this.#position, 16);
    await this.#write(Buffer.concat([directory, end]));
  }

  /** An extra field that aligns the content after it. */
  #padding(nameLength: number): Buffer {
    const fixed = this.#position + 30 + nameLength + 4;
    const length = (this.#alignment - (fixed % this.#alignment)) % this.#alignment;
    const extra = Buffer.alloc(4 + length);
    extra.writeUInt16LE(paddingField, 0);
    extra.writeUInt16LE(length, 2);
    return extra;
  }

  #requireRoom(byteLength: number): void {
    if (this.#position + byteLength <= maxOffset && this.#entries.length < maxEntries) return;
    throw new ReverseDistillationError("INTERNAL", "A zip archive can have at most 4 GiB and 65535 entries.");
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await writeBytes(this.#file, bytes);
    this.#position += bytes.byteLength;
  }
}

function directoryHeader({ name, checksum, byteLength, headerOffset }: WrittenEntry): Buffer {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(flags, 8);
  header.writeUInt32LE(checksum, 16);
  header.writeUInt32LE(byteLength, 20);
  header.writeUInt32LE(byteLength, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt32LE(headerOffset, 42);
  return header;
}
