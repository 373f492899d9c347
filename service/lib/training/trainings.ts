import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { ModelFolder } from "../models/model-folder.js";
import { ServiceError } from "../problems/service-error.js";
import { TrainingFiles } from "./training-files.js";
import { trainInProcess } from "./training-process.js";
import { isOver, type Training, type TrainingRequest } from "./training.js";
import { trainOptionsOf } from "./train-options.js";
import type { Message } from "./trainer.js";

/** How trainings are run. */
export interface TrainingsOptions {
  /** Where their state is kept. */
  folder: string;
  /** The folders of images that can be trained on, by name. */
  sources: ReadonlyMap<string, string>;
  models: ModelFolder;
  /** How many trainings may wait. */
  queue: number;
  /** Threads that a training computes on. */
  threads: number;
  log: Logger;
}

/** Trainings that are over and are still listed. */
const keptOver = 100;

/** Trainings of new versions: one at a time, the others wait. All of them survive the end of the service. */
export class Trainings {
  readonly #options: TrainingsOptions;
  readonly #files: TrainingFiles;
  /** The oldest first. */
  readonly #trainings = new Map<string, Training>();
  readonly #listeners = new Set<(training: Training | undefined) => void>();
  readonly #closing = new AbortController();
  #running: { id: string; cancel: AbortController } | undefined;
  #work: Promise<void> = Promise.resolve();

  private constructor(options: TrainingsOptions) {
    this.#options = options;
    this.#files = new TrainingFiles(options.folder);
  }

  /** Goes on with the trainings that are not over. */
  static async open(options: TrainingsOptions): Promise<Trainings> {
    const trainings = new Trainings(options);
    for (const training of await trainings.#files.read()) trainings.#trainings.set(training.id, training);
    trainings.#next();
    return trainings;
  }

  /** The newest first. */
  get list(): Training[] {
    return [...this.#trainings.values()].reverse();
  }

  /** The names of the folders that can be trained on. */
  get sources(): string[] {
    return [...this.#options.sources.keys()];
  }

  /** How many are not over, by state. */
  get unfinished(): { queued: number; running: number } {
    const open = this.list.filter((each) => !isOver(each));
    const queued = open.filter(({ state }) => state === "queued").length;
    return { queued, running: open.length - queued };
  }

  /** @throws ServiceError `TRAINING_NOT_FOUND` */
  find(id: string): Training {
    const training = this.#trainings.get(id);
    if (training) return training;
    throw new ServiceError("TRAINING_NOT_FOUND", `There is no training ${JSON.stringify(id)}.`);
  }

  /** Calls a function after each change, and with undefined when the service ends, until the result is called. */
  onChange(listener: (training: Training | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Starts a training as soon as none before it is left. Once the promise is fulfilled, it is not forgotten.
   *
   * @throws ServiceError `MODEL_NOT_FOUND`, `MODEL_NOT_READY`, `SOURCE_NOT_FOUND`, `TRAININGS_FULL`
   */
  async add(request: TrainingRequest): Promise<Training> {
    const { models, sources, queue } = this.#options;
    const { version } = models.find(request.model);
    if (!sources.has(request.source))
      throw new ServiceError(
        "SOURCE_NOT_FOUND",
        `There is no folder ${JSON.stringify(request.source)} to train on; there are: ` +
          `${this.sources.join(", ") || "none"}. Allow folders with --train-on <name>=<folder>.`,
      );
    if (this.unfinished.queued >= queue)
      throw new ServiceError(
        "TRAININGS_FULL",
        `${queue} trainings wait already. Cancel one, or try again later.`,
        {
          "retry-after": "60",
        },
      );
    const training: Training = {
      ...request,
      ...{ id: randomUUID(), state: "queued", created: new Date().toISOString(), from: version },
      ...{ phase: null, losses: [], version: null, error: null },
    };
    this.#trainings.set(training.id, training);
    try {
      await this.#files.write(training);
    } catch (error) {
      this.#trainings.delete(training.id);
      throw error;
    }
    this.#tell(training);
    this.#next();
    return training;
  }

  /**
   * Ends a training without a new version.
   *
   * @throws ServiceError `TRAINING_NOT_FOUND`; `TRAINING_OVER` if it is over, or its version is being written.
   */
  async cancel(id: string): Promise<Training> {
    const training = this.find(id);
    if (isOver(training) || training.state === "landing")
      throw new ServiceError(
        "TRAINING_OVER",
        `The training ${id} is ${training.state} and cannot be cancelled.`,
      );
    const noted = this.#change(training, { state: "cancelled", phase: null });
    const runs = this.#running?.id === id;
    if (runs) this.#running!.cancel.abort();
    await noted;
    if (!runs) await this.#files.clear(id);
    return training;
  }

  /** Interrupts the training that runs. It goes on after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const listener of this.#listeners) listener(undefined);
    await this.#work;
    await this.#files.flush();
  }

  #next(): void {
    if (this.#running || this.#closing.signal.aborted) return;
    const training = [...this.#trainings.values()].find((each) => !isOver(each));
    if (!training) return;
    const cancel = new AbortController();
    this.#running = { id: training.id, cancel };
    this.#work = this.#run(training, AbortSignal.any([cancel.signal, this.#closing.signal]))
      .catch((error: unknown) => this.#failed(training, error))
      .catch((error: unknown) => {
        this.#options.log.error({ err: error, training: training.id }, "a training cannot be noted");
      })
      .finally(() => {
        this.#running = undefined;
        this.#next();
      });
  }

  async #run(training: Training, signal: AbortSignal): Promise<void> {
    const { id, model } = training;
    const { models, sources, threads, log } = this.#options;
    if (training.state !== "landing") {
      const folder = sources.get(training.source);
      if (folder === undefined)
        throw new ServiceError("SOURCE_NOT_FOUND", `The folder ${training.source} is not allowed any more.`);
      await this.#files.makeRoom(id);
      const out = this.#files.modelOf(id);
      const options = trainOptionsOf(models.find(model, training.from), training, threads);
      log.info({ training: id, model, resumed: training.state === "running" }, "a training runs");
      signal.throwIfAborted();
      await this.#change(training, { state: "running" });
      const task = { folder, options, checkpoint: this.#files.checkpointOf(id), out };
      const losses = await trainInProcess(task, (message) => this.#heard(training, message), signal);
      await this.#change(training, { state: "landing", phase: null, losses: [...losses] });
    }
    // What is written from here on is written to its end.
    const version = await models.land(model, this.#files.modelOf(id), training.version, (reserved) =>
      this.#change(training, { version: reserved }),
    );
    await this.#change(training, { state: "done" });
    log.info({ training: id, model, version }, "a training is done");
    await this.#tidy(id);
  }

  async #failed(training: Training, error: unknown): Promise<void> {
    const { id, model } = training;
    if (training.state === "cancelled") await this.#tidy(id);
    // It goes on after the next start.
    if (training.state === "cancelled" || this.#closing.signal.aborted) return;
    const { code = "INTERNAL", message: reason } = error as { code?: string; message: string };
    this.#options.log.error({ training: id, model, code, reason }, "a training failed");
    // Clients see it; where the folder lies is none of their business.
    const folder = this.#options.sources.get(training.source);
    const message = folder === undefined ? reason : reason.replaceAll(folder, training.source);
    await this.#change(training, { state: "failed", phase: null, error: { code, message } });
    await this.#tidy(id);
  }

  #heard(training: Training, message: Message): void {
    if (training.state !== "running") return;
    if (message.type === "phase") {
      training.phase = message.phase;
      this.#tell(training);
    }
    if (message.type === "epoch") {
      const { epoch, loss } = message;
      const before = training.losses;
      training.losses = Array.from({ length: epoch }, (_, index) =>
        index === epoch - 1 ? loss : (before[index] ?? null),
      );
      this.#files
        .write(training)
        .catch((error: unknown) => {
          this.#options.log.warn({ err: error, training: training.id }, "a loss was not kept");
        })
        // What was told is not forgotten.
        .finally(() => this.#tell(training));
    }
  }

  async #change(training: Training, change: Partial<Training>): Promise<void> {
    Object.assign(training, change);
    await this.#files.write(training);
    this.#tell(training);
  }

  #tell(training: Training): void {
    for (const listener of this.#listeners) listener(training);
  }

  async #tidy(id: string): Promise<void> {
    await this.#files.clear(id);
    const over = [...this.#trainings.values()].filter(isOver);
    for (const { id: old } of over.slice(0, Math.max(0, over.length - keptOver))) {
      this.#trainings.delete(old);
      await this.#files.remove(old);
    }
  }
}
