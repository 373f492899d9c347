import { abortedError, throwIfAborted, untilAborted } from "../errors/abort.js";
import { counted } from "../errors/counted.js";
import { ReverseDistillationError } from "../errors/error.js";
import type { RawImage } from "../image/raw-image.js";
import type { NativeScore } from "../native/addon.js";
import type { BatchingOptions } from "../options/batching.js";

/** Scores images as one batch. If there is a signal and it is aborted, stops as soon as it can. */
export type ComputeBatch = (images: RawImage[], signal: AbortSignal | undefined) => Promise<NativeScore[]>;

interface Request {
  image: RawImage;
  arrived: number;
  resolve: (score: NativeScore) => void;
  reject: (error: unknown) => void;
  /** When it is aborted, the request is rejected and its result is no longer needed. */
  signal: AbortSignal | undefined;
}

/**
 * Collects the images of single calls into batches. One batch is computed at a time; images that arrive meanwhile go
 * into the next. If a batch fails, its images are computed again one by one, so that no image fails because of another.
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
   * @param decode Decodes the image. Called only if the queue has room.
   * @throws ReverseDistillationError `QUEUE_FULL`; `ABORTED` if the signal is aborted; whatever decoding or computing
   * throws.
   */
  async score(decode: () => Promise<RawImage>, signal: AbortSignal | undefined): Promise<NativeScore> {
    const { maxQueue } = this.#options;
    if (this.#accepted >= maxQueue) {
      throw new ReverseDistillationError(
        "QUEUE_FULL",
        `The detector already has ${counted(maxQueue, "unfinished call")} of score, the limit set by batching.maxQueue: await some of ` +
          "them before scoring more, or raise the limit.",
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

  /** Starts the next batch: now, at the end of this turn of the event loop, or after the delay. */
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
    // The batch can be aborted only if every one of its calls can.
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
      // It refers to the scores, and would keep their maps alive after the callers drop them.
      this.#running = undefined;
    }
  }
}
