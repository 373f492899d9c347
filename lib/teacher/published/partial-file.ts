import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat, utimes, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A part that nobody has written to for so long was abandoned, in milliseconds. */
const abandonedAfter = 60_000;

/**
 * The beginning of a file that is being fetched, beside the place it is meant for, under a name of its
 * own: several processes may fetch the same file. Who ends before the file is whole leaves its part,
 * which the next one takes over by renaming it, so that only one can.
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

  /** Takes the longest part that was abandoned, or begins anew. */
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

  /** Bytes that are there. */
  get length(): number {
    return this.#length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      // At its place, whatever another process, which took this part for abandoned, may write.
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.byteLength - done, this.#length);
      done += bytesWritten;
      this.#length += bytesWritten;
    }
  }

  /** Forgets all bytes. */
  async clear(): Promise<void> {
    await this.#handle.truncate(0);
    this.#length = 0;
  }

  /** Ends it as the whole file, in its place. */
  async finish(target: string): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.#path, target);
  }

  /** Ends it as a part that may be taken over at once; one without bytes is removed. */
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

/** Paths, the longest part first. */
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

/** Whether the part could be renamed: another process may have been quicker. */
async function take(part: string, path: string): Promise<boolean> {
  try {
    const now = new Date();
    // First the time: under its new name it must not look abandoned.
    await utimes(part, now, now);
    await rename(part, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
