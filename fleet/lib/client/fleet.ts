import { Queue, QueueEvents, QueueEventsProducer, type Job } from "bullmq";
import type { Redis } from "ioredis";
import { ReverseDistillationError } from "reverse-distillation";
import { readFailure, type Failure } from "../jobs/failure.js";
import { jobIdOf } from "../jobs/job-id.js";
import type {
  JobData,
  JobKind,
  JobProgress,
  JobResult,
  Placement,
  RequestOf,
  StoredFile,
} from "../jobs/job.js";
import { cancelEvent, checkpointName, controlOf, defaultQueue, resultName } from "../queue/names.js";
import { connectRedis } from "../queue/redis.js";
import { putSet } from "../store/image-set.js";
import { openStore, type Store } from "../store/store.js";
import { StoredFiles } from "../store/stored-files.js";
import { readResult } from "../worker/run-job.js";
import { checkQueueName } from "../worker/settings.js";
import { Bells } from "./bells.js";
import type { FleetJob, JobState, JobStatus } from "./fleet-job.js";
import { inputOf } from "./job-input.js";

/** Where a fleet is. */
export interface FleetAddress {
  /** The address of Redis: redis://, rediss:// or the path of a socket. */
  redis: string;
  /** A folder that all machines mount, or s3://bucket/prefix. */
  store: string;
  /** The URL of an S3 server that is not Amazon's. */
  s3Endpoint?: string | undefined;
  /** The name of the queue. Default "reverse-distillation". */
  queue?: string | undefined;
}

/** A job in the dead letters. */
export interface DeadLetter extends Failure {
  job: string;
  kind: JobKind;
  product: string | undefined;
  /** How often it was tried. */
  attempts: number;
  /** When it was given up. */
  date: Date;
}

/** How a job is tried again after an error that may pass: 5 attempts, after 2, 4, 8 and 16 seconds, half of it by chance. */
const retries = { attempts: 5, backoff: { type: "exponential", delay: 2000, jitter: 0.5 } };

/** Results stay in the store; the queue forgets finished jobs after a week, or the oldest of more than 10,000. */
const kept = { removeOnComplete: { age: 7 * 24 * 3600, count: 10_000 } };

/** Events can be lost with the connection, so the state is looked at this often too, in milliseconds. */
const lookEvery = 2000;

/** How often a client asks again that a running job be cancelled, in milliseconds. */
const askEvery = 500;

const defaultPriority = 100;

/** A client of a fleet: submits jobs and follows them. Close it in the end. */
export class Fleet {
  readonly #redis: Redis;
  readonly #store: Store;
  readonly #files: StoredFiles;
  readonly #queue: Queue<JobData, JobResult>;
  readonly #control: QueueEventsProducer;
  #events: { source: QueueEvents; bells: Bells } | undefined;

  /** @throws ReverseDistillationError `INVALID_ARGUMENT`, `NOT_FOUND`, `IO` if Redis or the store cannot be used. */
  static async connect({ redis, store, s3Endpoint, queue = defaultQueue }: FleetAddress): Promise<Fleet> {
    checkQueueName(queue);
    const opened = await openStore(store, s3Endpoint);
    // What fails because the connection is lost waits until it is back.
    return new Fleet(await connectRedis(redis, () => undefined), opened, queue);
  }

  private constructor(redis: Redis, store: Store, queue: string) {
    this.#redis = redis;
    this.#store = store;
    this.#files = new StoredFiles(store);
    this.#queue = new Queue(queue, { connection: redis });
    this.#control = new QueueEventsProducer(controlOf(queue), { connection: redis });
    this.#queue.on("error", () => undefined);
    this.#control.on("error", () => undefined);
  }

  /**
   * Puts a folder of images into the store, for several jobs. A folder in a request does the same.
   *
   * @throws ReverseDistillationError `NOT_FOUND`, `INVALID_ARGUMENT`, `NO_IMAGES`, `IO`
   */
  upload(folder: string): Promise<StoredFile> {
    return putSet(this.#files, folder);
  }

  /**
   * Puts what a job needs into the store, and the job into the queue. The same work submitted again is the same job:
   * one that has a result is not computed again, and one in the dead letters stays there until it is retried.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, `NOT_FOUND`, `NO_IMAGES`, `IO`. Errors in options and images
   * that only a worker sees are those of the job's result.
   */
  async submit<Kind extends JobKind>(
    request: RequestOf<Kind> & { kind: Kind },
    placement: Placement = {},
  ): Promise<FleetJob<Kind>> {
    const { product, priority = defaultPriority } = placement;
    if (!Number.isInteger(priority) || priority < 1 || priority > 1000)
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `priority must be a whole number from 1, which goes first, to 1000; got ${priority}.`,
      );
    const input = await inputOf(request, this.#files);
    const id = jobIdOf(input);
    if (!(await this.#store.has(resultName(id)))) {
      await this.#add(id, { ...input, ...(product !== undefined && { product }) }, priority);
    }
    return this.job(id) as FleetJob<Kind>;
  }

  /** A job by its id. Whether there is one shows when it is used. */
  job(id: string): FleetJob {
    return {
      id,
      status: () => this.#status(id),
      progress: (signal) => this.#progress(id, signal),
      result: (signal) => this.#result(id, signal),
      cancel: () => this.#cancel(id),
    };
  }

  /** How many jobs are in each state. */
  async counts(): Promise<Record<JobState, number>> {
    const states = ["waiting", "prioritized", "delayed", "active", "completed", "failed"] as const;
    const counts = await this.#queue.getJobCounts(...states);
    const of = (state: string) => counts[state] ?? 0;
    return {
      waiting: of("waiting") + of("prioritized"),
      ...{ delayed: of("delayed"), active: of("active"), completed: of("completed"), failed: of("failed") },
    };
  }

  /** The jobs that were given up, the latest first; at most 1000. */
  async deadLetters(): Promise<DeadLetter[]> {
    const jobs = await this.#queue.getFailed(0, 999);
    return jobs.map(({ id, data, failedReason, attemptsMade, finishedOn }) => ({
      job: id!,
      ...{ kind: data.kind, product: data.product },
      ...readFailure(failedReason),
      ...{ attempts: attemptsMade, date: new Date(finishedOn!) },
    }));
  }

  /**
   * Takes a job out of the dead letters and into the queue, with all its attempts.
   *
   * @throws ReverseDistillationError `NOT_FOUND` if it is not in the dead letters.
   */
  async retry(id: string): Promise<void> {
    const job = await this.#queue.getJob(id);
    if (job === undefined || (await job.getState()) !== "failed")
      throw new ReverseDistillationError("NOT_FOUND", `The job ${id} is not in the dead letters.`);
    // BullMQ's own retry keeps the mark of a job whose workers died, which then fails at once.
    await job.remove();
    await this.#add(id, { ...job.data, cancelled: false }, job.opts.priority!);
  }

  /**
   * Cancels a job if it is unfinished, and forgets its result, so that it can be computed again. Its files stay in the
   * store.
   */
  async forget(id: string): Promise<void> {
    await this.#cancel(id);
    await (await this.#queue.getJob(id))?.remove();
    await this.#store.remove(resultName(id));
  }

  /**
   * Copies a file of a result to a path, where it replaces what is there.
   *
   * @throws ReverseDistillationError `NOT_FOUND`, `INVALID_FILE` if it was damaged in the store, `IO`
   */
  async download(file: StoredFile, path: string): Promise<void> {
    await this.#files.copy(file, path);
  }

  /** Closes the connections. Jobs go on. */
  async close(): Promise<void> {
    await Promise.all([this.#queue.close(), this.#control.close(), this.#events?.source.close()]);
    this.#redis.disconnect();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #add(jobId: string, data: JobData, priority: number): Promise<void> {
    await this.#queue.add(data.kind, data, { jobId, priority, ...retries, ...kept });
  }

  async #status(id: string): Promise<JobStatus> {
    const [job, state] = await Promise.all([this.#queue.getJob(id), this.#queue.getJobState(id)]);
    if (job !== undefined && state !== "unknown") {
      const { progress, failedReason } = job;
      return {
        state: state === "prioritized" || state === "waiting-children" ? "waiting" : state,
        progress: typeof progress === "object" ? (progress as unknown as JobProgress) : null,
        failure: failedReason && state !== "completed" ? readFailure(failedReason) : null,
      };
    }
    if (await this.#store.has(resultName(id))) return { state: "completed", progress: null, failure: null };
    throw new ReverseDistillationError(
      "NOT_FOUND",
      `There is no job ${id}. It was never submitted, or it was cancelled or forgotten.`,
    );
  }

  async *#progress(id: string, signal?: AbortSignal): AsyncGenerator<JobStatus, void> {
    signal?.throwIfAborted();
    const bell = this.#bells().listen(id, signal);
    try {
      for (let before = ""; ;) {
        const status = await this.#status(id);
        const text = JSON.stringify(status);
        if (text !== before) yield status;
        before = text;
        if (status.state === "completed" || status.state === "failed") return;
        await bell.rung(lookEvery);
      }
    } finally {
      bell.close();
    }
  }

  async #result(id: string, signal?: AbortSignal): Promise<JobResult> {
    for await (const { state, failure } of this.#progress(id, signal)) {
      if (state === "failed") throw new ReverseDistillationError(failure!.code, failure!.message);
    }
    const result = await readResult(this.#store, id);
    if (result !== undefined) return result;
    throw new ReverseDistillationError(
      "NOT_FOUND",
      `The job ${id} has ended, but the store ${this.#store.address} does not have its result. Workers may use another ` +
        "store; otherwise forget the job, and submit it again.",
    );
  }

  async #cancel(id: string): Promise<boolean> {
    const bell = this.#bells().listen(id);
    try {
      for (;;) {
        const [job, state] = await Promise.all([this.#queue.getJob(id), this.#queue.getJobState(id)]);
        if (job === undefined || state === "completed") return false;
        if (state === "active") await this.#askToCancel(job);
        else if (await removed(job)) {
          await this.#store.remove(checkpointName(id));
          return true;
        }
        await bell.rung(askEvery);
      }
    } finally {
      bell.close();
    }
  }

  /** The mark is for a worker that begins the job just now; the event is for the one that runs it. */
  async #askToCancel(job: Job<JobData, JobResult>): Promise<void> {
    await job.updateData({ ...job.data, cancelled: true }).catch(() => undefined);
    await this.#control.publishEvent({ eventName: cancelEvent, jobId: job.id! });
  }

  #bells(): Bells {
    if (this.#events === undefined) {
      const source = new QueueEvents(this.#queue.name, { connection: this.#redis });
      source.on("error", () => undefined);
      this.#events = { source, bells: new Bells(source) };
    }
    return this.#events.bells;
  }
}

/** Removes a job; false if a worker took it just now. */
async function removed(job: Job): Promise<boolean> {
  try {
    await job.remove();
    return true;
  } catch {
    return false;
  }
}
