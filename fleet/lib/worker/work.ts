import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { Detector, type LoadOptions } from "reverse-distillation";
import type { JobData, JobKind, JobProgress, ResultOf, StoredFile } from "../jobs/job.js";
import { fetchSet } from "../store/image-set.js";
import type { Store } from "../store/store.js";
import type { StoredFiles } from "../store/stored-files.js";

/** How a worker computes. */
export interface Computing {
  device: string;
  /** 0 is one per core. */
  threads: number;
  /** How often a training writes a checkpoint. */
  checkpointSeconds: number;
}

/** What a kind of job gives, before it is written. */
export type Outcome<Kind extends JobKind> = Pick<ResultOf<Kind>, "files" | "summary">;

/** One run of a job: what it is given, and a folder of its own. */
export class Work {
  readonly job: string;
  readonly data: JobData;
  readonly computing: Computing;
  readonly store: Store;
  /** Aborted if the job is cancelled or must be given back at once. */
  readonly signal: AbortSignal;
  /** Aborted if the worker drains: a training then stops after its batch. */
  readonly stop: AbortSignal;
  readonly report: (progress: JobProgress) => void;
  readonly log: Logger;
  readonly #folder: string;
  readonly #files: StoredFiles;

  constructor(given: {
    job: string;
    data: JobData;
    computing: Computing;
    store: Store;
    files: StoredFiles;
    folder: string;
    signal: AbortSignal;
    stop: AbortSignal;
    report: (progress: JobProgress) => void;
    log: Logger;
  }) {
    this.job = given.job;
    this.data = given.data;
    this.computing = given.computing;
    this.store = given.store;
    this.signal = given.signal;
    this.stop = given.stop;
    this.report = given.report;
    this.log = given.log;
    this.#files = given.files;
    this.#folder = given.folder;
  }

  /** The options of the core that say where to compute. */
  get place(): { device: LoadOptions["device"]; threads?: number; signal: AbortSignal } {
    const { device, threads } = this.computing;
    return { device: device as LoadOptions["device"], ...(threads > 0 && { threads }), signal: this.signal };
  }

  /** A path in the job's folder, which is removed after the run. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  /** A text with the names of images as the client knows them. */
  withoutFolder(text: string): string {
    return text.replaceAll(`${this.path("images")}/`, "").replaceAll(`${this.#folder}/`, "");
  }

  /** A folder with the job's images. */
  async images(): Promise<string> {
    const folder = this.path("images");
    await mkdir(folder);
    const fetched = (done: number, total: number) => this.report({ phase: "fetching", done, total });
    await fetchSet(this.#files, this.data.images!, folder, fetched, this.signal);
    return folder;
  }

  /** The job's model, loaded. */
  async detector(options: LoadOptions = {}): Promise<Detector> {
    const path = this.path("given.safetensors");
    await this.#files.fetch({ name: "the model", sha256: this.data.model! }, path);
    return Detector.load(path, { ...this.place, ...options });
  }

  /** The files that options name, by option. */
  async optionFiles(): Promise<Record<string, string>> {
    const paths: Record<string, string> = {};
    for (const [option, file] of Object.entries(this.data.files)) {
      // The name is kept: the format follows from it, and the model's record of its training mentions it.
      const folder = this.path(option);
      await mkdir(folder);
      paths[option] = join(folder, file.name);
      await this.#files.fetch(file, paths[option]);
    }
    return paths;
  }

  /** Puts files of the result into the store. */
  async keep(...names: string[]): Promise<StoredFile[]> {
    this.report({ phase: "storing", done: 0, total: names.length });
    const kept: StoredFile[] = [];
    for (const name of names) kept.push(await this.#files.put(this.path(name)));
    return kept;
  }
}
