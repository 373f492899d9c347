import { abortedError, throwIfAborted, untilAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import type { RawImage } from "../image/raw-image.js";
import type { NativeScore } from "../native/addon.js";
import type { BatchingOptions } from "../options/batching.js";

/** Scores images as one batch; stops, if it can, when the signal is aborted, where there is one. */
export type ComputeBatch = (images: RawImage[], signal: AbortSignal | undefined) => Promise<NativeScore[]>;

interface Request {
  image: RawImage;
  arrived: number;
  resolve: (score: NativeScore) => void;
  reject: (error: unknown) => void;
  /** Once aborted, the request is settled by it: its result is of no use any more. */
  signal: AbortSignal | undefined;
}

/**
 * Makes batches of the images that single calls bring: one batch is computed at a time, and what arrives
 * meanwhile goes into the next. Answers go to the calls that they belong to; what fails in a batch is
 * computed again alone, so that no image fails for another's sake.
 */
export class ScoreQueue {
  readonly #compute: ComputeBatch;
  readonly #options: Required<BatchingOptions>;
  readonly #waiting: Request[] = [];
  #accepted = 0;
  #busy = false;
  #running: { requests: readonly Request[]; controller: AbortController | undefined } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;

  constructor(compute: ComputeBatch, options: Required<BatchingOptions>) {
    this.#compute = compute;
    this.#options = options;
  }

  /**
   * Scores one image.
   *
   * @param decode Gives its pixels; called once there is room.
   * @throws ReverseDistillationError `QUEUE_FULL`, `ABORTED` by the signal, and what decoding and computing throw.
   */
  async score(decode: () => Promise<RawImage>, signal: AbortSignal | undefined): Promise<NativeScore> {
    const { maxQueue } = this.#options;
    if (this.#accepted >= maxQueue) {
      throw new ReverseDistillationError(
        "QUEUE_FULL",
        `The detector has ${maxQueue} images under way, its limit: await some before scoring more, or raise batching.maxQueue.`,
      );
    }
    this.#accepted++;
    try {
      const image = await untilAborted(signal, decode());
      throwIfAborted(signal);
      return await this.#enqueue(image, signal);
    } finally {
      this.#accepted--;
    }
  }

  async #enqueue(image: RawImage, signal: AbortSignal | undefined): Promise<NativeScore> {
    let abort = () => {};
    try {
      return await new Promise((resolve, reject) => {
        const request = { image, arrived: performance.now(), resolve, reject, signal };
        abort = () => this.#abort(request);
        signal?.addEventListener("abort", abort, { once: true });
        this.#waiting.push(request);
        this.#schedule();
      });
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  #abort(request: Request): void {
    const place = this.#waiting.indexOf(request);
    if (place >= 0) this.#waiting.splice(place, 1);
    request.reject(abortedError(request.signal!));
    if (this.#running?.requests.every(({ signal }) => signal?.aborted)) this.#running.controller?.abort();
  }

  /** Starts the next batch now, after what else arrives in this turn of the event loop, or after the delay. */
  #schedule(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    const [first] = this.#waiting;
    if (this.#busy || first === undefined) return;
    const { maxBatch, maxDelayMs } = this.#options;
    const left = first.arrived + maxDelayMs - performance.now();
    if (this.#waiting.length >= maxBatch) void this.#next();
    else if (left <= 0) this.#soon = setImmediate(() => void this.#next());
    else this.#timer = setTimeout(() => void this.#next(), left);
  }

  async #next(): Promise<void> {
    const batch = this.#waiting.splice(0, this.#options.maxBatch);
    if (batch.length === 0) return;
    this.#busy = true;
    try {
      await this.#run(batch);
    } finally {
      this.#busy = false;
      this.#schedule();
    }
  }

  /** Settles every request of a batch. Never rejects. */
  async #run(batch: Request[]): Promise<void> {
    // One call that cannot be aborted keeps the batch going.
    const controller = batch.every(({ signal }) => signal) ? new AbortController() : undefined;
    this.#running = { requests: batch, controller };
    try {
      const images = batch.map(({ image }) => image);
      const scores = await this.#compute(images, controller?.signal);
      batch.forEach(({ resolve }, i) => resolve(scores[i]!));
    } catch (error) {
      const wanted = batch.filter(({ signal }) => !signal?.aborted);
      if (batch.length === 1) wanted.forEach(({ reject }) => reject(error));
      else for (const request of wanted) await this.#run([request]);
    } finally {
      // What it holds leads to the scores, whose maps are to be freed with the callers'.
      this.#running = undefined;
    }
  }
}
