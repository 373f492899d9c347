import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolderDurably, unfinishedEnding, writeDurably } from "./durable-file.js";

/** Folders with a million files are slow to list. */
const shards = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, "0"));

/**
 * The images of parts, one file for each. A file's name is the id of its part, which the service made, so no name that
 * came from outside reaches the file system.
 */
export class ImageFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folders that images lie in, before the first image comes. */
  async make(): Promise<void> {
    for (const shard of shards) await makeFolderDurably(join(this.#folder, shard));
  }

  /** Keeps an image. Once the promise is fulfilled, it is on the disk. */
  async write(id: string, bytes: Uint8Array): Promise<void> {
    await writeDurably(this.pathOf(id), bytes);
  }

  /** @throws Error `ENOENT` if it is not there. */
  read(id: string): Promise<Buffer> {
    return readFile(this.pathOf(id));
  }

  async remove(id: string): Promise<void> {
    await rm(this.pathOf(id), { force: true });
  }

  /**
   * Removes what a process that was killed left: unfinished files, and images whose parts were never written or are
   * removed already.
   *
   * @returns how many files were removed.
   */
  async sweep(isKept: (id: string) => boolean): Promise<number> {
    let removed = 0;
    for (const shard of shards)
      for (const file of await readdir(join(this.#folder, shard))) {
        const isUnfinished = file.startsWith(".") && file.endsWith(unfinishedEnding);
        if (!isUnfinished && isKept(file)) continue;
        await rm(join(this.#folder, shard, file));
        removed++;
      }
    return removed;
  }

  /** @throws TypeError if the id is none that the service made. */
  pathOf(id: string): string {
    if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id)) throw new TypeError("A part's id is a UUID.");
    return join(this.#folder, id.slice(0, 2), id);
  }
}
