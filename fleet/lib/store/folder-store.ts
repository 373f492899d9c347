import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ReverseDistillationError } from "reverse-distillation";
import { sha256OfFile } from "./digest.js";
import type { Content, Store } from "./store.js";

/** Where files are until they are whole. */
const unfinishedFolder = "unfinished";

/** After this time a file that is not whole will not become so, in milliseconds. */
const abandonedAfter = 24 * 3600 * 1000;

/** A store in a folder that all machines mount. */
export class FolderStore implements Store {
  readonly address: string;

  private constructor(folder: string) {
    this.address = folder;
  }

  /** @throws ReverseDistillationError `NOT_FOUND` if there is no such folder, `IO` */
  static async open(folder: string): Promise<FolderStore> {
    const store = new FolderStore(resolve(folder));
    const found = await stat(store.address).catch(() => undefined);
    if (!found?.isDirectory())
      throw new ReverseDistillationError(
        "NOT_FOUND",
        `The store ${store.address} is not a folder. Make it, or mount it, before workers use it.`,
      );
    await store.#removeAbandoned().catch((error: unknown) => {
      throw failed("looking through", store.#path(unfinishedFolder), error);
    });
    return store;
  }

  async has(name: string): Promise<boolean> {
    return (await this.#found("looking for", name, stat(this.#path(name)))) !== undefined;
  }

  put(name: string, content: Content): Promise<void> {
    return this.#write(name, content, (unfinished, path) => rename(unfinished, path));
  }

  async create(name: string, text: string): Promise<boolean> {
    let created = true;
    await this.#write(name, { text }, async (unfinished, path) => {
      // A link, unlike a rename, fails if the name is taken.
      await link(unfinished, path).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        created = false;
      });
      await rm(unfinished);
    });
    return created;
  }

  read(name: string): Promise<string | undefined> {
    return this.#found("reading", name, readFile(this.#path(name), "utf8"));
  }

  async fetch(name: string, path: string): Promise<boolean> {
    if (!(await this.has(name))) return false;
    await this.#found("linking to", name, symlink(this.#path(name), path));
    return true;
  }

  async remove(name: string): Promise<void> {
    await this.#found("removing", name, rm(this.#path(name), { force: true }));
  }

  #path(name: string): string {
    return join(this.address, name);
  }

  /** Removes what processes left that were killed while they wrote. */
  async #removeAbandoned(): Promise<void> {
    const folder = this.#path(unfinishedFolder);
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined && Date.now() - found.mtimeMs > abandonedAfter) await rm(path, { force: true });
    }
  }

  /** Writes under another name, waits for the disk, and lets `publish` give it its name. */
  async #write(
    name: string,
    content: Content,
    publish: (unfinished: string, path: string) => Promise<void>,
  ): Promise<void> {
    const path = this.#path(name);
    const folder = dirname(path);
    const unfinished = join(this.#path(unfinishedFolder), randomUUID());
    try {
      const made = await mkdir(folder, { recursive: true });
      if (made !== undefined) await sync(dirname(made));
      // A file system that can share blocks between files copies nothing.
      if ("path" in content) await copyFile(content.path, unfinished, constants.COPYFILE_FICLONE);
      const file = await open(unfinished, "text" in content ? "wx" : "r+");
      try {
        if ("text" in content) await file.writeFile(content.text);
        await file.chmod(0o644);
        await file.sync();
      } finally {
        await file.close();
      }
      if (
        "path" in content &&
        content.sha256 !== undefined &&
        (await sha256OfFile(unfinished)) !== content.sha256
      )
        throw new Error(`${content.path} changed while it was read`);
      await publish(unfinished, path);
      await sync(folder);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw failed("writing", path, error);
    }
  }

  /** What work gives; undefined if there is nothing of this name. */
  async #found<T>(doing: string, name: string, work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw failed(doing, this.#path(name), error);
    }
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function failed(doing: string, path: string, error: unknown): ReverseDistillationError {
  return new ReverseDistillationError(
    "IO",
    `The store failed when ${doing} ${path}: ${(error as Error).message}`,
    {
      cause: error,
    },
  );
}
