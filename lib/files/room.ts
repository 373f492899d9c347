import { open, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { requireWritablePlace, targetOf } from "./atomic-file.js";
import { ioError } from "./io-error.js";
import type { NamedFile } from "./outputs.js";
import { printable, systemPath } from "./system-path.js";
import { withTemporary } from "./temporary.js";

/** A file to write later, and roughly how many bytes that will take. */
export interface PlannedFile extends NamedFile {
  bytes: number;
}

/**
 * Checks before long work that its results can be written: makes a file in the folder of each, removes it again, and
 * compares the free space with what is needed. Files on one file system need room together.
 *
 * @throws ReverseDistillationError as {@link requireWritablePlace}, or `IO` if no file can be made in the folder or
 * there is not enough room.
 */
export async function requireRoom(files: readonly PlannedFile[]): Promise<void> {
  const needed = new Map<number, number>();
  for (const { name, path, bytes } of files) {
    await requireWritablePlace(path);
    try {
      const folder = dirname(await targetOf(path));
      await tryToMakeFile(folder);
      const { dev } = await stat(systemPath(folder));
      const total = (needed.get(dev) ?? 0) + bytes;
      needed.set(dev, total);
      const free = await freeSpace(folder);
      if (total > free) throw tooLittleRoom(name, path, total, free);
    } catch (error) {
      throw ioError(error, "Writing", path);
    }
  }
}

async function tryToMakeFile(folder: string): Promise<void> {
  await withTemporary(folder, async (path) => (await open(systemPath(path), "wx")).close());
}

/** Bytes that this user may still write; Infinity if the file system does not know. */
async function freeSpace(folder: string): Promise<number> {
  const { blocks, bavail, bsize } = await statfs(systemPath(folder));
  return blocks === 0 ? Infinity : bavail * bsize;
}

function tooLittleRoom(name: string, path: string, needed: number, free: number): ReverseDistillationError {
  return new ReverseDistillationError(
    "IO",
    `There is not enough room to write ${name} to ${printable(path)}: this needs ${megabytes(needed)}, but only ` +
      `${megabytes(free)} are free. Free some space, or choose another path.`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
