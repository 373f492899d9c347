import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Database } from "better-sqlite3";
import type { Logger } from "pino";

import { ServiceError } from "../problems/service-error.js";
import { makeFolderDurably } from "./durable-file.js";
import { GroupCommit } from "./group-commit.js";
import { imageFileOf, type GivenImage } from "./image-file.js";
import { ImageFolder } from "./image-folder.js";
import { lockFolder } from "./lock.js";
import { migrate } from "./schema.js";
import { loadSqlite } from "./sqlite.js";
import { Outbox, type Outgoing } from "./outbox.js";
import {
  PartRows,
  type ExpiredPart,
  type MinuteCount,
  type PartCount,
  type PartFilter,
  type PartPage,
  type RecentPart,
} from "./part-rows.js";
import type { Decision, NewPart, Part } from "./part.js";
import { JudgedFiles, type JudgedFile } from "./judged-files.js";

/** How results are kept. */
export interface StoreOptions {
  folder: string;
  /** How many days parts are kept. */
  keepDays: number;
  /** How many parts are kept. */
  keepParts: number;
  /** The names of all that get every event. */
  destinations: readonly string[];
  log: Logger;
}

const day = 86_400_000;
/** How often it is looked whether there are too many parts, in milliseconds. */
const expireEvery = 60_000;
/** Rows that are removed in one transaction: the event loop is held for that long. */
const expiredAtOnce = 500;

/**
 * Results of inspections: rows in SQLite, and images of parts that were not accepted as files. Once a promise is
 * fulfilled, what it stands for is on the disk, and stays there when the process or the power ends.
 */
export class Store {
  readonly #options: StoreOptions;
  readonly #database: Database;
  readonly #unlock: () => void;
  readonly #images: ImageFolder;
  readonly #commit: GroupCommit;
  readonly #parts: PartRows;
  readonly #outbox: Outbox;
  readonly #files: JudgedFiles;
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #expiring: Promise<void> = Promise.resolve();

  private constructor(options: StoreOptions, database: Database, unlock: () => void) {
    this.#options = options;
    this.#database = database;
    this.#unlock = unlock;
    this.#images = new ImageFolder(join(options.folder, "images"));
    this.#parts = new PartRows(database);
    this.#outbox = new Outbox(database, options.destinations);
    this.#files = new JudgedFiles(database);
    this.#commit = new GroupCommit(database, () => {
      for (const listener of this.#listeners) listener();
    });
  }

  /**
   * Opens the store in a folder, or makes it.
   *
   * @throws Error if another process uses it, or if it cannot be used.
   */
  static async open(options: StoreOptions): Promise<Store> {
    const { folder } = options;
    const SQLite = loadSqlite();
    await makeFolderDurably(folder);
    const unlock = lockFolder(folder);
    let database: Database | undefined;
    try {
      database = new SQLite(join(folder, "parts.sqlite"));
      database.pragma("journal_mode = WAL");
      // Each transaction is on the disk when it ends, not only in the memory of the operating system.
      database.pragma("synchronous = FULL");
      migrate(database);
      const store = new Store(options, database, unlock);
      await store.#images.make();
      const swept = await store.#images.sweep((id) => store.#parts.has(id));
      if (swept > 0) options.log.info({ swept }, "images without a part were removed");
      store.#expireLater(0);
      return store;
    } catch (error) {
      database?.close();
      unlock();
      throw error;
    }
  }

  /** Calls a function after each change, until the result is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Keeps a part, and its image unless the part was accepted or there was no verdict.
   *
   * @param file The file that the image came from: it is then judged, in the same transaction.
   * @throws ServiceError `NOT_STORED`
   */
  add(part: NewPart, image: GivenImage, file?: JudgedFile): Promise<Part> {
    return this.#storing(async () => {
      const kept = isKept(part) ? imageFileOf(image) : undefined;
      if (kept) await this.#images.write(part.id, kept.bytes);
      try {
        return await this.#commit.add(() => {
          const row = this.#parts.insert(part, kept?.type ?? null);
          this.#outbox.add({ id: part.id, type: "inspected", part: row });
          if (file) this.#files.add(file, { part: part.id });
          return row;
        });
      } catch (error) {
        if (kept) await this.#images.remove(part.id);
        throw error;
      }
    });
  }

  /** @throws ServiceError `PART_NOT_FOUND` */
  find(id: string): Part {
    const part = this.#parts.find(id);
    if (part === undefined) throw notFound(id);
    return part;
  }

  has(id: string): boolean {
    return this.#parts.has(id);
  }

  /** A page of parts, the newest first. */
  list(filter: PartFilter, limit: number): PartPage {
    return this.#parts.list(filter, limit);
  }

  /** The latest results of a version, the newest first. */
  latest(model: string, version: number, limit: number): RecentPart[] {
    return this.#parts.latest(model, version, limit);
  }

  /** How many parts there were in each minute since a time, by model and verdict. */
  byMinute(since: Date): MinuteCount[] {
    return this.#parts.byMinute(since);
  }

  /** How many parts of a version are kept, by verdict and by what was said about it. */
  counts(model: string, version: number): PartCount[] {
    return this.#parts.counts(model, version);
  }

  /**
   * The image of a part.
   *
   * @throws ServiceError `PART_NOT_FOUND`, `IMAGE_NOT_KEPT`
   */
  async image(id: string): Promise<{ type: string; bytes: Buffer }> {
    const { image: type, verdict } = this.find(id);
    if (type === null)
      throw new ServiceError(
        "IMAGE_NOT_KEPT",
        `The part ${id} has the verdict ${String(verdict)}. Only images with the verdict review or reject are kept.`,
      );
    const bytes = await this.#images.read(id).catch((error: unknown) => {
      // Retention can be faster than a reader.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw notFound(id);
      throw error;
    });
    return { type, bytes };
  }

  /**
   * Keeps what a person says about a verdict. A later review takes the place of an earlier one.
   *
   * @throws ServiceError `PART_NOT_FOUND`, `NO_VERDICT`, `NOT_STORED`
   */
  async review(id: string, decision: Decision, by: string | null): Promise<Part> {
    if (this.find(id).verdict === null)
      throw new ServiceError("NO_VERDICT", `The part ${id} has no verdict to ${decision}.`);
    const part = await this.#storing(() =>
      this.#commit.add(() => {
        const reviewed = this.#parts.review(id, decision, by, new Date());
        if (reviewed) this.#outbox.add({ id: randomUUID(), type: "reviewed", part: reviewed });
        return reviewed;
      }),
    );
    if (part === undefined) throw notFound(id);
    return part;
  }

  /** The event that a destination is to take next. */
  nextEvent(destination: string): Outgoing | undefined {
    return this.#outbox.next(destination);
  }

  /** The destination has the event. */
  delivered(event: Outgoing): Promise<void> {
    return this.#commit.add(() => this.#outbox.remove(event));
  }

  /** The destination will never take the event. */
  refused(event: Outgoing, reason: string): Promise<void> {
    return this.#commit.add(() => this.#outbox.refuse(event, reason));
  }

  /** How many events wait, and how many were refused, by destination. */
  get outbox(): { destination: string; waiting: number; refused: number }[] {
    return this.#outbox.counts;
  }

  /** The latest stamps of the judged files in a watched folder, by path. */
  judgedStamps(folder: string): Map<string, string> {
    return this.#files.stamps(folder);
  }

  isJudged(file: JudgedFile): boolean {
    return this.#files.has(file);
  }

  /** Notes that a judged file was written again with the same content. */
  restampFile(file: JudgedFile): Promise<void> {
    return this.#commit.add(() => this.#files.restamp(file));
  }

  /** Notes that a file cannot be judged. */
  refuseFile(file: JudgedFile, reason: string): Promise<void> {
    return this.#commit.add(() => this.#files.add(file, { reason }));
  }

  /** Removes parts that are too old or too many, and events that no destination took. */
  async expire(now = new Date()): Promise<void> {
    const { keepDays, keepParts, log } = this.#options;
    const oldest = new Date(now.getTime() - keepDays * day);
    let parts: ExpiredPart[];
    do {
      parts = await this.#commit.add(() => this.#parts.expire(oldest, keepParts, expiredAtOnce));
      // The rows go first: an image without a row is removed at the next start.
      for (const { id, image } of parts) if (image !== null) await this.#images.remove(id);
    } while (parts.length === expiredAtOnce);
    let events: number;
    do {
      events = await this.#commit.add(() => this.#outbox.expire(oldest, expiredAtOnce));
      if (events > 0) log.error({ events, keepDays }, "events were too old and were not delivered");
    } while (events === expiredAtOnce);
  }

  /** Writes what waits, and lets other processes use the folder. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closed = true;
    await this.#expiring;
    this.#commit.flush();
    this.#database.close();
    this.#unlock();
  }

  #expireLater(ms: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#expiring = this.expire()
        .catch((error: unknown) => this.#options.log.error({ err: error }, "old parts could not be removed"))
        .then(() => this.#expireLater(expireEvery));
    }, ms).unref();
  }

  async #storing<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      this.#options.log.error({ err: error }, "a result could not be kept");
      throw new ServiceError("NOT_STORED", "The result could not be kept. The service's log says why.");
    }
  }
}

/** Whether the image of a part is kept. */
function isKept({ verdict }: NewPart): boolean {
  return verdict === "review" || verdict === "reject";
}

function notFound(id: string): ServiceError {
  return new ServiceError("PART_NOT_FOUND", `There is no part ${JSON.stringify(id)}.`);
}
