import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** ELF machine numbers of the architectures in `process.arch`. */
const machines: Partial<Record<NodeJS.Architecture, number>> = { x64: 62, arm64: 183 };

const headerSize = 64;

/**
 * Checks the headers of a shared library for reasons why this process cannot load it: it is missing, truncated, not a
 * 64-bit ELF file, or for another processor. Opening it would fail with an error that is hard to read, or, if it is
 * truncated, crash the process.
 *
 * @returns the reason, or undefined if there is none.
 */
export function elfDefect(
  path: string,
  architecture: NodeJS.Architecture = process.arch,
): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? `${path} is missing` : `${path} cannot be read (${code})`;
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile()) return `${path} is not a regular file`;
    const { size } = found;
    const header = Buffer.alloc(headerSize);
    const read = readSync(file, header, 0, headerSize, 0);
    if (read < headerSize) return `${path} is truncated: it has ${size} bytes`;
    if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1)
      return `${path} is not a shared library (64-bit little-endian ELF)`;
    const machine = header.readUInt16LE(18);
    if (machine !== machines[architecture])
      return `${path} is not built for this processor (${architecture})`;
    const needed = extent(file, header);
    if (size < needed) return `${path} is truncated: it has ${size} of ${needed} bytes`;
    return undefined;
  } catch (error) {
    return `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`;
  } finally {
    closeSync(file);
  }
}

/** The smallest size that the file can have: up to the end of its section table and of every segment. */
function extent(file: number, header: Buffer): number {
  const segmentTable = Number(header.readBigUInt64LE(32));
  const sectionTable = Number(header.readBigUInt64LE(40));
  const segmentSize = header.readUInt16LE(54);
  const segments = header.readUInt16LE(56);
  const sectionSize = header.readUInt16LE(58);
  const sections = header.readUInt16LE(60);

  let end = Math.max(sectionTable + sectionSize * sections, segmentTable + segmentSize * segments);
  if (segments === 0 || segmentSize < 56) return end;
  const table = Buffer.alloc(segmentSize * segments);
  const read = readSync(file, table, 0, table.length, segmentTable);
  for (let at = 0; at + segmentSize <= read; at += segmentSize) {
    const offset = Number(table.readBigUInt64LE(at + 8));
    const length = Number(table.readBigUInt64LE(at + 32));
    end = Math.max(end, offset + length);
  }
  return end;
}
