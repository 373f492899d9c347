import { rm, writeFile, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import type { GivenThresholds, LoadOptions } from "reverse-distillation";
import type { Logger } from "pino";
import { ServiceError } from "../problems/service-error.js";
import { fileNameOf, pinFileName } from "./file-name.js";
import { listFolder, type ListedModel, type ModelFile } from "./folder-files.js";
import { copyDurably } from "../store/durable-file.js";
import { LoadedVersion } from "./loaded-version.js";
import { Model, type VersionEntry } from "./model.js";
import { reserve, writeVersion } from "./write-version.js";

/** How a folder of models is served. */
export interface FolderOptions {
  folder: string;
  /** How many of the newest versions of each model are in memory. */
  versions: number;
  /** How often the folder is looked at, in milliseconds. */
  pollMs: number;
  load: LoadOptions;
  log: Logger;
}

/** After what time a file is tried again that failed for another reason than its content, in milliseconds. */
const retryAfter = 60_000;

/**
 * The models of a folder. New files are loaded and warmed up beside the versions that serve, and then take their place
 * between two requests. The folder is looked at again and again, which works on every file system.
 */
export class ModelFolder {
  readonly #options: FolderOptions;
  readonly #models = new Map<string, Model>();
  /** The files as they were seen last: a file that still changes is left alone. */
  #seen = new Map<string, string>();
  #misnamed = new Map<string, string>();
  readonly #closing = new AbortController();
  readonly #retiring = new Set<Promise<void>>();
  #work: Promise<void> = Promise.resolve();
  #deriving: Promise<number> = Promise.resolve(0);
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: FolderOptions) {
    this.#options = options;
  }

  /**
   * Loads what is in the folder, and looks for changes from then on.
   *
   * @throws Error if the folder cannot be read.
   */
  static async open(options: FolderOptions): Promise<ModelFolder> {
    const models = new ModelFolder(options);
    await models.#refresh(true);
    models.#pollLater();
    return models;
  }

  /** The models of which a version serves, and those of which all versions were refused. */
  get models(): readonly Model[] {
    return [...this.#models.values()];
  }

  /** Files that cannot be used because of their names: what is wrong with each. */
  get misnamed(): ReadonlyMap<string, string> {
    return this.#misnamed;
  }

  /** @throws ServiceError `MODEL_NOT_FOUND` */
  model(name: string): Model {
    const model = this.#models.get(name);
    if (model === undefined)
      throw new ServiceError("MODEL_NOT_FOUND", `There is no model ${JSON.stringify(name)}.`);
    return model;
  }

  /**
   * The version that answers a request.
   *
   * @throws ServiceError `MODEL_NOT_FOUND`, `MODEL_NOT_READY`
   */
  find(name: string, version?: number): LoadedVersion {
    const model = this.model(name);
    const found = model.find(version);
    if (found !== undefined) return found;
    if (version === undefined)
      throw new ServiceError("MODEL_NOT_READY", `No version of the model ${name} could be loaded.`, {
        "retry-after": "10",
      });
    const loaded = model.newestFirst.filter((each) => each.loaded).map((each) => each.version);
    throw new ServiceError(
      "MODEL_NOT_FOUND",
      `Version ${version} of the model ${name} is not loaded; loaded are: ${loaded.join(", ") || "none"}.`,
    );
  }

  /**
   * Serves a version until it is told otherwise, also after a restart; undefined returns to the newest.
   *
   * @throws ServiceError `MODEL_NOT_FOUND` if the folder does not have the version; `MODEL_NOT_READY` if it cannot be
   * loaded.
   */
  async pin(name: string, version: number | undefined): Promise<void> {
    const model = this.model(name);
    const path = join(this.#options.folder, pinFileName(name));
    if (version === undefined) await rm(path, { force: true });
    else {
      if (!model.entries.has(version))
        throw new ServiceError(
          "MODEL_NOT_FOUND",
          `The folder has no version ${version} of the model ${name}.`,
        );
      const unfinished = `${path}.${process.pid}`;
      await writeFile(unfinished, `${version}\n`);
      await rename(unfinished, path);
    }
    await this.refresh();
    if (version !== undefined && model.serving?.version !== version) {
      const reason = model.entries.get(version)?.refused?.reason ?? "its file is still being written";
      throw new ServiceError(
        "MODEL_NOT_READY",
        `Version ${version} of the model ${name} is not loaded yet: ${reason}. It is served as soon as it is.`,
      );
    }
  }

  /**
   * Writes a copy of a version with other thresholds as a new version, which is loaded like any other that comes into the
   * folder. It is complete or not there.
   *
   * @returns the number of the new version.
   * @throws ServiceError `MODEL_NOT_FOUND`; ReverseDistillationError as `Detector.setThresholds` and `save` do.
   */
  derive(name: string, from: number, thresholds: GivenThresholds): Promise<number> {
    const file = this.model(name).entries.get(from)?.file;
    if (file === undefined)
      throw new ServiceError("MODEL_NOT_FOUND", `The folder has no version ${from} of the model ${name}.`);
    const { folder, load, log } = this.#options;
    // A second model in memory is enough.
    this.#deriving = this.#deriving
      .catch(() => undefined)
      .then(async () => {
        const version = await writeVersion({ folder, name, from: file.path, thresholds, load });
        log.info({ model: name, version, from, thresholds }, "a version was written");
        return version;
      });
    return this.#deriving;
  }

  /**
   * Copies a model file into the folder as a new version, which does not serve by itself: the version that serves is
   * chosen, unless one was chosen before.
   *
   * @param reserved The number of an earlier attempt that was cut off, or null.
   * @param onReserve Is told the number before the file has its name.
   * @returns the number of the new version.
   */
  async land(
    name: string,
    from: string,
    reserved: number | null,
    onReserve: (version: number) => Promise<void>,
  ): Promise<number> {
    const { folder, log } = this.#options;
    await this.refresh();
    const { pin, serving } = this.model(name);
    if (pin === undefined && serving !== undefined) await this.pin(name, serving.version);
    const version = reserved ?? (await reserve(folder, name));
    if (reserved === null) await onReserve(version);
    await copyDurably(from, join(folder, fileNameOf({ name, version })));
    log.info({ model: name, version }, "a version was written");
    return version;
  }

  /** Looks at the folder now. */
  refresh(): Promise<void> {
    return this.#refresh(false);
  }

  /** Waits for running requests, then frees all memory. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#work.catch(() => undefined);
    await this.#deriving.catch(() => undefined);
    for (const model of this.#models.values())
      for (const { loaded } of model.entries.values()) if (loaded) this.#retire(loaded.version);
    await Promise.all(this.#retiring);
  }

  #pollLater(): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => {
      void this.refresh()
        .catch((error: unknown) => {
          this.#options.log.error({ err: error }, "the folder of models cannot be read");
        })
        .finally(() => this.#pollLater());
    }, this.#options.pollMs);
  }

  /** One look after the other. */
  #refresh(first: boolean): Promise<void> {
    this.#work = this.#work.catch(() => undefined).then(() => this.#look(first));
    return this.#work;
  }

  async #look(first: boolean): Promise<void> {
    const { models: listed, misnamed } = await listFolder(this.#options.folder);
    for (const [file, reason] of misnamed)
      if (!this.#misnamed.has(file)) this.#options.log.warn({ file, reason }, "a file was refused");
    this.#misnamed = misnamed;
    const before = this.#seen;
    const files = [...listed.values()].flatMap(({ versions }) => [...versions.values()]);
    this.#seen = new Map(files.map(({ path, stamp }) => [path, stamp]));
    const isWhole = ({ path, stamp }: ModelFile) => first || before.get(path) === stamp;
    const absent = [...this.#models.keys()].filter((name) => !listed.has(name));
    for (const name of absent) await this.#update(name, { versions: new Map(), pin: undefined }, isWhole);
    for (const [name, model] of listed) await this.#update(name, model, isWhole);
  }

  async #update(name: string, listed: ListedModel, isWhole: (file: ModelFile) => boolean): Promise<void> {
    const model = this.#models.get(name) ?? new Model(name);
    const gone = [...model.entries.values()].filter(({ version }) => !listed.versions.has(version));
    for (const { version } of gone) model.entries.delete(version);
    for (const [version, file] of listed.versions) {
      const entry = model.entries.get(version);
      if (entry === undefined) model.entries.set(version, { version, file });
      else entry.file = file;
    }
    model.pin = listed.pin;
    if (model.entries.size > 0) this.#models.set(name, model);
    const kept = await this.#load(model, isWhole);
    this.#serve(model, kept);
    if (model.entries.size === 0) this.#models.delete(name);
    for (const entry of gone) if (entry.loaded) this.#retire(entry.loaded.version);
    for (const entry of model.entries.values())
      if (entry.loaded && !kept.includes(entry)) {
        this.#retire(entry.loaded.version);
        delete entry.loaded;
      }
  }

  /** Loads the pinned version and the newest ones, and returns those that are to be in memory. */
  async #load(model: Model, isWhole: (file: ModelFile) => boolean): Promise<VersionEntry[]> {
    const kept: VersionEntry[] = [];
    const pinned = model.pin === undefined ? undefined : model.entries.get(model.pin);
    for (const entry of new Set([...(pinned ? [pinned] : []), ...model.newestFirst])) {
      const serves = entry.loaded !== undefined && entry.loaded.version === model.serving;
      if (kept.length >= this.#options.versions && !serves) continue;
      if (isWhole(entry.file) && !this.#closing.signal.aborted) await this.#loadEntry(model, entry);
      if (entry.loaded) kept.push(entry);
    }
    return kept;
  }

  async #loadEntry(model: Model, entry: VersionEntry): Promise<void> {
    const { version, file, loaded, refused } = entry;
    if (loaded?.from === file.stamp) return;
    if (refused?.stamp === file.stamp && performance.now() < refused.at) return;
    const { log, load } = this.#options;
    const described = { model: model.name, version, file: file.path };
    const start = performance.now();
    try {
      const options = { ...load, signal: this.#closing.signal };
      const fresh = await LoadedVersion.load(file.path, { name: model.name, version }, options);
      entry.loaded = { from: file.stamp, version: fresh };
      delete entry.refused;
      if (loaded && model.serving === loaded.version) model.serving = fresh;
      if (loaded) this.#retire(loaded.version);
      log.info({ ...described, ms: Math.round(performance.now() - start) }, "a version was loaded");
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const { code, message } = error as { code?: string; message: string };
      const isContent = code === "INVALID_FILE" || code === "INVALID_ARGUMENT";
      entry.refused = {
        stamp: file.stamp,
        // Clients see it; where the folder lies is none of their business.
        reason: message.replaceAll(file.path, basename(file.path)),
        at: isContent ? Infinity : performance.now() + retryAfter,
      };
      log.error({ ...described, code, reason: message }, "a version was refused");
    }
  }

  /** Chooses the version that answers from now on. */
  #serve(model: Model, kept: readonly VersionEntry[]): void {
    const loaded = [...kept].sort((a, b) => b.version - a.version);
    const pinned = loaded.find(({ version }) => version === model.pin);
    const isThere = loaded.some((entry) => entry.loaded!.version === model.serving);
    // A pinned version that is not there yet does not put another one in its place.
    const waits = model.pin !== undefined && pinned === undefined && isThere;
    const next = waits ? model.serving : (pinned ?? loaded[0])?.loaded?.version;
    if (next === model.serving) return;
    const from = model.serving?.version;
    model.serving = next;
    this.#options.log.info({ model: model.name, version: next?.version, from }, "another version serves");
  }

  #retire(version: LoadedVersion): void {
    const retiring = version.retire().catch((error: unknown) => {
      this.#options.log.error(
        { err: error, model: version.name, version: version.version },
        "retiring failed",
      );
    });
    this.#retiring.add(retiring);
    void retiring.finally(() => this.#retiring.delete(retiring));
  }
}
