import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat, utimes, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** The time without a write after which a partial file counts as abandoned, in milliseconds. */
const abandonedAfter = 60_000;

/**
 * The downloaded beginning of a file, in the folder of the final file. Its name is unique, since several processes may
 * download the same file. A process that ends early leaves its partial file behind; the next one takes it over by
 * renaming it, so that only one process can.
 */
export class PartialFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  #length: number;

  private constructor(path: string, handle: FileHandle, length: number) {
    this.#path = path;
    this.#handle = handle;
    this.#length = length;
  }

  /** Takes over the longest abandoned partial file, or creates an empty one. */
  static async claim(target: string): Promise<PartialFile> {
    const path = join(dirname(target), `${prefix(target)}${randomBytes(6).toString("hex")}${suffix}`);
    for (const part of await abandonedParts(target)) {
      if (!(await take(part, path))) continue;
      const handle = await open(path, "r+");
      return new PartialFile(path, handle, (await handle.stat()).size);
    }
    return new PartialFile(path, await open(path, "wx+"), 0);
  }

  get path(): string {
    return this.#path;
  }

  /** The number of bytes downloaded so far. */
  get length(): number {
    return this.#length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      // At an explicit position, in case another process took this file for abandoned and writes to it.
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.byteLength - done, this.#length);
      done += bytesWritten;
      this.#length += bytesWritten;
    }
  }

  /** Discards all bytes. */
  async clear(): Promise<void> {
    await this.#handle.truncate(0);
    this.#length = 0;
  }

  /** Closes the complete file and renames it to the target. Abandoned partial files have no use any more. */
  async finish(target: string): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.#path, target);
    for (const part of await abandonedParts(target)) await rm(part, { force: true });
  }

  /** Closes the incomplete file so that it can be taken over immediately, or removes it if it is empty. */
  async release(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    if (this.#length === 0) await rm(this.#path, { force: true });
    else await utimes(this.#path, 0, 0).catch(() => undefined);
  }
}

const suffix = ".part";

function prefix(target: string): string {
  return `.${basename(target)}.`;
}

/** The paths of the abandoned partial files, longest first. */
async function abandonedParts(target: string): Promise<string[]> {
  const folder = dirname(target);
  const names = (await readdir(folder)).filter(
    (name) => name.startsWith(prefix(target)) && name.endsWith(suffix),
  );
  const parts = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      return { path, size: found?.size ?? 0, mtime: found?.mtimeMs ?? Infinity };
    }),
  );
  return parts
    .filter(({ mtime }) => Date.now() - mtime > abandonedAfter)
    .sort((a, b) => b.size - a.size)
    .map(({ path }) => path);
}

/** Renames the partial file. @returns false if another process was faster. */
async function take(part: string, path: string): Promise<boolean> {
  try {
    const now = new Date();
    // Set the time first: under its new name the file must not look abandoned.
    await utimes(part, now, now);
    await rename(part, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
