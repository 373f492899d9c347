import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Logger } from "pino";
import { ReverseDistillationError } from "reverse-distillation";
import type { Metrics } from "../metrics/metrics.js";
import type { Inspector } from "../models/inspector.js";
import type { JudgedFile } from "../store/judged-files.js";
import type { Store } from "../store/store.js";

/** How a folder is watched. */
export interface WatchOptions {
  /** The folder whose files are inspected; not those in folders within it. */
  folder: string;
  model: string;
  station: string | null;
  pollMs: number;
  /** How many files are inspected at once. */
  batch: number;
  /** The largest file, in bytes. */
  maxBytes: number;
  inspector: Inspector;
  store: Store;
  metrics: Metrics;
  log: Logger;
}

interface SeenFile {
  path: string;
  stamp: string;
  size: number;
}

/**
 * Inspects every file that comes into a folder, once for each content. A file whose size or time still changes is left
 * alone until it no longer does. Hidden files, links and folders are left alone altogether.
 */
export class WatchedFolder {
  readonly #options: WatchOptions;
  readonly #folder: string;
  /** The stamps of files that need no further look. */
  readonly #judged: Map<string, string>;
  /** The stamps of files as they were seen last. */
  #seen = new Map<string, string>();
  /** What files failed of that are tried again: each is logged once. */
  readonly #troubles = new Map<string, string>();
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  private constructor(options: WatchOptions) {
    this.#options = options;
    this.#folder = resolve(options.folder);
    this.#judged = options.store.judgedStamps(this.#folder);
  }

  /** @throws Error if the folder cannot be read. */
  static async open(options: WatchOptions): Promise<WatchedFolder> {
    await readdir(options.folder);
    const watched = new WatchedFolder(options);
    watched.#lookLater();
    return watched;
  }

  /** Ends. Files that are not judged yet are judged after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#work;
  }

  #lookLater(): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#work = this.#look()
        .catch((error: unknown) => this.#trouble("", error))
        .then(() => this.#lookLater());
    }, this.#options.pollMs);
  }

  async #look(): Promise<void> {
    const before = this.#seen;
    const files = await this.#list();
    this.#seen = new Map(files.map(({ path, stamp }) => [path, stamp]));
    const whole = files.filter(
      ({ path, stamp }) => before.get(path) === stamp && this.#judged.get(path) !== stamp,
    );
    for (let i = 0; i < whole.length && !this.#closing.signal.aborted; i += this.#options.batch)
      await Promise.all(whole.slice(i, i + this.#options.batch).map((file) => this.#judge(file)));
    for (const path of this.#troubles.keys()) if (!this.#seen.has(path)) this.#troubles.delete(path);
  }

  async #list(): Promise<SeenFile[]> {
    const files: SeenFile[] = [];
    for (const entry of await readdir(this.#folder, { withFileTypes: true })) {
      if (!entry.isFile() || entry.name.startsWith(".")) continue;
      const found = await lstat(join(this.#folder, entry.name), { bigint: true }).catch(() => undefined);
      if (found?.isFile())
        files.push({
          path: entry.name,
          stamp: `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}`,
          size: Number(found.size),
        });
    }
    return files;
  }

  async #judge({ path, stamp, size }: SeenFile): Promise<void> {
    const { store, inspector, model, station, maxBytes } = this.#options;
    const file: JudgedFile = { folder: this.#folder, path, digest: "", stamp };
    try {
      if (size > maxBytes) {
        await this.#refuse(file, "BODY_TOO_LARGE", `it has ${size} bytes; allowed are ${maxBytes}`);
        return;
      }
      const image = await this.#read(path);
      file.digest = createHash("sha256").update(image).digest("hex");
      if (store.isJudged(file)) await store.restampFile(file);
      else
        await inspector.inspect({
          ...{ id: randomUUID(), time: new Date(), station, model, version: undefined, image, file },
          signal: this.#closing.signal,
        });
      this.#judged.set(path, stamp);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      if (error instanceof ReverseDistillationError && error.code === "INVALID_IMAGE")
        await this.#refuse(file, error.code, error.message).catch((failed: unknown) =>
          this.#trouble(path, failed),
        );
      else this.#trouble(path, error);
    }
  }

  async #read(path: string): Promise<Buffer> {
    // What was a file can be a link or a pipe by now.
    const file = await open(
      join(this.#folder, path),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    try {
      if (!(await file.stat()).isFile()) throw new Error("It is no regular file any more.");
      return await file.readFile();
    } finally {
      await file.close();
    }
  }

  async #refuse(file: JudgedFile, code: string, reason: string): Promise<void> {
    const { store, metrics, log } = this.#options;
    await store.refuseFile(file, reason);
    this.#judged.set(file.path, file.stamp);
    metrics.problem(code);
    log.warn({ folder: file.folder, file: file.path, code, reason }, "a file cannot be inspected");
  }

  #trouble(path: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#troubles.get(path) === reason) return;
    this.#troubles.set(path, reason);
    this.#options.log.warn(
      { err: error, folder: this.#folder, file: path },
      "a file could not be inspected and is tried again",
    );
  }
}
