import type { Readable } from "node:stream";

/** A file of a tar archive. */
export interface TarEntry {
  /** Its path, with slashes. */
  path: string;
  size: number;
  /** Opens its content, which has exactly `size` bytes. */
  open: () => Promise<Readable> | Readable;
}

const blockSize = 512;

/** The time of all entries, in seconds since 1970: the one that npm gives to files that it packs. */
const modified = 499_162_500;

/**
 * Writes a tar archive (POSIX ustar) whose bytes depend only on the paths and contents: owner, mode and time are the
 * same for all files.
 *
 * @throws Error if a path is too long for the format, or a content does not have the stated size.
 */
export async function* tar(entries: Iterable<TarEntry>): AsyncGenerator<Buffer> {
  for (const { path, size, open } of entries) {
    yield header(path, size);
    let written = 0;
    for await (const chunk of (await open()) as AsyncIterable<Buffer>) {
      written += chunk.length;
      yield chunk;
    }
    if (written !== size) throw new Error(`${path} has ${written} bytes, but should have ${size}`);
    yield Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
  }
  yield Buffer.alloc(2 * blockSize);
}

function header(path: string, size: number): Buffer {
  const { prefix, name } = split(path);
  const block = Buffer.alloc(blockSize);
  block.write(name, 0);
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(modified, 11), 136);
  block.fill(" ", 148, 156);
  block.write("0", 156);
  block.write("ustar\x0000", 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** Splits a path at a slash, since the format has 100 bytes for its end and 155 for what comes before. */
function split(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: "", name: path };
  for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { prefix, name };
  }
  throw new Error(`${path} is too long for a tar archive`);
}
