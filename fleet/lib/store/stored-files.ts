import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { copyFile, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ReverseDistillationError } from "reverse-distillation";
import type { StoredFile } from "../jobs/job.js";
import { sha256OfFile } from "./digest.js";
import type { Content, Store } from "./store.js";

/** Files in a store under the digest of their content: equal files are stored once, and none ever changes. */
export class StoredFiles {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Puts a file into the store, unless it is there.
   *
   * @param name What it is called; by default, as here.
   * @throws ReverseDistillationError `NOT_FOUND` if there is no such file, `INVALID_ARGUMENT` if it is a folder, `IO`
   */
  async put(path: string, name: string = basename(path)): Promise<StoredFile> {
    const found = await lookAt(path);
    if (!found.isFile()) throw new ReverseDistillationError("INVALID_ARGUMENT", `${path} is not a file.`);
    const sha256 = await sha256OfFile(path);
    return this.#put({ name, sha256, bytes: found.size }, { path, sha256 });
  }

  /** Puts a text into the store, unless it is there. */
  putText(text: string, name: string): Promise<StoredFile> {
    const sha256 = createHash("sha256").update(text).digest("hex");
    return this.#put({ name, sha256, bytes: Buffer.byteLength(text) }, { text });
  }

  /**
   * Puts a file of the store to a path, as a copy or a link that must not be written to.
   *
   * @throws ReverseDistillationError `NOT_FOUND` if the store does not have it, `INVALID_FILE` if it was damaged there, `IO`
   */
  async fetch({ name, sha256 }: Pick<StoredFile, "name" | "sha256">, path: string): Promise<void> {
    if (!(await this.#store.fetch(placeOf(sha256), path)))
      throw new ReverseDistillationError(
        "NOT_FOUND",
        `The store ${this.#store.address} does not have ${name} (${sha256}). Submit the job again.`,
      );
    if ((await sha256OfFile(path)) !== sha256)
      throw new ReverseDistillationError(
        "INVALID_FILE",
        `${name} was damaged in the store ${this.#store.address}. Remove ${placeOf(sha256)} there, and submit the job again.`,
      );
  }

  /** Copies a file of the store to a path, where it replaces what is there once it is whole. */
  async copy(file: StoredFile, path: string): Promise<void> {
    const folder = await mkdtemp(join(dirname(resolve(path)), ".fetched-")).catch((error: unknown) => {
      throw new ReverseDistillationError("IO", `${path} cannot be written: ${(error as Error).message}.`, {
        cause: error,
      });
    });
    try {
      await this.fetch(file, join(folder, "fetched"));
      await copyFile(join(folder, "fetched"), join(folder, "copy"));
      await rename(join(folder, "copy"), path);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #put(file: StoredFile, content: Content): Promise<StoredFile> {
    const place = placeOf(file.sha256);
    if (!(await this.#store.has(place))) await this.#store.put(place, content);
    return file;
  }
}

/** @throws ReverseDistillationError `NOT_FOUND`, `IO` */
export async function lookAt(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === "ENOENT" || code === "ENOTDIR";
    throw missing
      ? new ReverseDistillationError("NOT_FOUND", `There is no file or folder ${path}.`, { cause: error })
      : new ReverseDistillationError("IO", `${path} cannot be read: ${message}.`, { cause: error });
  }
}

/** The name of a file in the store. Folders stay small. */
function placeOf(sha256: string): string {
  return `files/${sha256.slice(0, 2)}/${sha256}`;
}
