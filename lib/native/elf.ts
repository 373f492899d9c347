import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** ELF's numbers of the machines that Node names in `process.arch`. */
const machines: Partial<Record<NodeJS.Architecture, number>> = { x64: 62, arm64: 183 };

const headerSize = 64;

/**
 * Says why a shared library cannot be loaded by this process, judging by its headers alone: it is
 * missing, cut short, no 64-bit ELF file, or for another machine. Opening such a file would give an
 * error too, but one that is hard to read, or, for a file cut short, end the process.
 *
 * @returns the reason, or undefined where nothing is wrong.
 */
export function elfDefect(path: string, architecture: NodeJS.Architecture = process.arch): string | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? `${path} is missing` : `${path} cannot be read (${code})`;
  }
  try {
    const { size } = fstatSync(file);
    const header = Buffer.alloc(headerSize);
    const read = readSync(file, header, 0, headerSize, 0);
    if (read < headerSize) return `${path} is cut short: it has ${size} bytes`;
    if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1)
      return `${path} is no shared library (64-bit ELF, little-endian)`;
    const machine = header.readUInt16LE(18);
    if (machine !== machines[architecture]) return `${path} is built for another processor than this ${architecture}`;
    const needed = extent(file, header);
    if (size < needed) return `${path} is cut short: it has ${size} of ${needed} bytes`;
    return undefined;
  } catch (error) {
    return `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`;
  } finally {
    closeSync(file);
  }
}

/** Where the file must reach at least: to the end of its section table and of each segment. */
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
