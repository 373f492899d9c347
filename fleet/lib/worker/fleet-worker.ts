import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { DelayedError, QueueEvents, WaitingError, Worker, type Job } from "bullmq";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { ReverseDistillationError } from "reverse-distillation";
import { failureOf, queueErrorOf } from "../jobs/failure.js";
import type { JobData, JobResult } from "../jobs/job.js";
import { cancelEvent, controlOf } from "../queue/names.js";
import { connectRedis } from "../queue/redis.js";
import { openStore, requireOneWinner, type Store } from "../store/store.js";
import { StoredFiles } from "../store/stored-files.js";
import { GivenBack } from "./given-back.js";
import { ProductSlots } from "./product-slots.js";
import { ProgressSender } from "./progress-sender.js";
import { readResult, runJob } from "./run-job.js";
import { makeScratch } from "./scratch.js";
import { checkWorkerSettings, workerDefaults, type WorkerSettings } from "./settings.js";
import { Work } from "./work.js";

/** How often a job's progress is sent at most, in milliseconds. */
const progressEvery = 1000;

/** How long a job waits when its product has as many as it may: doubled each time, in milliseconds. */
const [shortestWait, longestWait] = [250, 15_000];

/** The settings of a worker; those that are left out have their default. */
export type GivenWorkerSettings = Partial<WorkerSettings> & Pick<WorkerSettings, "redis" | "store">;

/** Takes jobs from the queue, runs them, and writes their results into the store. */
export class FleetWorker {
  readonly #settings: WorkerSettings;
  readonly #log: Logger;
  readonly #redis: Redis;
  readonly #store: Store;
  readonly #files: StoredFiles;
  readonly #scratch: string;
  readonly #slots: ProductSlots;
  readonly #worker: Worker<JobData, JobResult>;
  readonly #control: QueueEvents;
  readonly #running = new Map<string, AbortController>();
  readonly #draining = new AbortController();

  /**
   * Connects, and starts to take jobs.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, `NOT_FOUND` if the store is a folder that does not exist, `IO` if
   * Redis or the store cannot be used.
   */
  static async start(given: GivenWorkerSettings, log: Logger): Promise<FleetWorker> {
    const settings = checkWorkerSettings({ ...workerDefaults, ...given });
    const store = await openStore(settings.store, settings.s3Endpoint);
    await requireOneWinner(store);
    const redis = await connectRedis(settings.redis, (error) => log.warn({ err: error }, "redis"));
    try {
      const worker = new FleetWorker(settings, log, redis, store, await makeScratch(settings.scratch));
      await Promise.all([worker.#worker.waitUntilReady(), worker.#control.waitUntilReady()]);
      log.info({ store: store.address, queue: settings.queue }, "taking jobs");
      return worker;
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }

  private constructor(settings: WorkerSettings, log: Logger, redis: Redis, store: Store, scratch: string) {
    this.#settings = settings;
    this.#log = log;
    this.#redis = redis;
    this.#store = store;
    this.#files = new StoredFiles(store);
    this.#scratch = scratch;
    const { queue, jobs, lockSeconds, deaths, perProduct } = settings;
    const warn = (error: Error) => log.warn({ err: error }, "queue");
    const milliseconds = lockSeconds * 1000;
    this.#slots = new ProductSlots(redis, queue, perProduct, milliseconds, warn);
    this.#worker = new Worker<JobData, JobResult>(queue, (job, token) => this.#process(job, token!), {
      connection: redis,
      concurrency: jobs,
      lockDuration: milliseconds,
      stalledInterval: milliseconds,
      maxStalledCount: deaths,
    });
    this.#worker.on("error", warn);
    this.#worker.on("stalled", (job) => log.warn({ job }, "another worker died or was cut off"));
    this.#control = new QueueEvents(controlOf(queue), { connection: redis });
    this.#control.on("error", warn);
    const events = this.#control as unknown as NodeJS.EventEmitter;
    events.on(cancelEvent, ({ jobId }: { jobId: string }) => this.#running.get(jobId)?.abort(cancelled()));
  }

  /** The folder or bucket of results. */
  get store(): string {
    return this.#store.address;
  }

  /**
   * Takes no more jobs. Trainings stop after their batch and go back to the queue with a checkpoint; other jobs get
   * `drainSeconds` to end, and go back then.
   */
  async close(): Promise<void> {
    const closed = this.#worker.close();
    this.#log.info({ jobs: [...this.#running.keys()] }, "draining");
    this.#draining.abort(new GivenBack());
    const end = () => {
      for (const running of this.#running.values()) running.abort(new GivenBack());
    };
    const timer = setTimeout(end, this.#settings.drainSeconds * 1000);
    await closed;
    clearTimeout(timer);
    this.#slots.close();
    await this.#control.close();
    this.#redis.disconnect();
    await rm(this.#scratch, { recursive: true, force: true });
  }

  async #process(job: Job<JobData, JobResult>, token: string): Promise<JobResult> {
    const id = job.id!;
    const { kind, product } = job.data;
    const log = this.#log.child({ job: id, kind, product });
    const running = new AbortController();
    this.#running.set(id, running);
    try {
      // A worker may have died between the result and its acknowledgement.
      const earlier = await readResult(this.#store, id);
      if (earlier !== undefined) return earlier;
      if (job.data.cancelled) throw cancelled();
      if (!(await this.#slots.take(id, product))) throw new ProductIsFull();
      return await this.#run(job, running.signal, log);
    } catch (error) {
      if (error instanceof ProductIsFull) {
        const wait = Math.min(shortestWait * 2 ** (job.attemptsStarted - job.attemptsMade), longestWait);
        await job.moveToDelayed(Date.now() + wait, token);
        throw new DelayedError();
      }
      const isCancelled = running.signal.reason instanceof ReverseDistillationError;
      if (this.#draining.signal.aborted && !isCancelled) {
        await job.moveToWait(token);
        log.info("given back");
        throw new WaitingError();
      }
      log.warn({ err: error }, "failed");
      throw queueErrorOf(isCancelled ? running.signal.reason : error);
    } finally {
      this.#running.delete(id);
      await this.#slots.release(id).catch((error: unknown) => log.warn({ err: error }, "queue"));
    }
  }

  async #run(job: Job<JobData, JobResult>, signal: AbortSignal, log: Logger): Promise<JobResult> {
    const begun = performance.now();
    log.info("begun");
    const folder = await mkdtemp(join(this.#scratch, "job-"));
    const progress = new ProgressSender(job, progressEvery, (error) => log.debug({ err: error }, "progress"));
    const work = new Work({
      ...{ job: job.id!, data: job.data, computing: this.#settings, store: this.#store, files: this.#files },
      ...{ folder, signal, stop: this.#draining.signal, log },
      report: (now) => progress.send(now),
    });
    try {
      const result = await runJob(work);
      log.info({ seconds: Math.round(performance.now() - begun) / 1000, summary: result.summary }, "ended");
      return result;
    } catch (error) {
      const { code, message } = failureOf(error);
      throw new ReverseDistillationError(code, work.withoutFolder(message), { cause: error });
    } finally {
      progress.close();
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Thrown if a job must wait because its product has as many jobs as it may. */
class ProductIsFull extends Error {}

function cancelled(): ReverseDistillationError {
  return new ReverseDistillationError("ABORTED", "The job was cancelled.");
}
