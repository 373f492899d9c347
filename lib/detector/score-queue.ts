import { abortedError, onAbort, throwIfAborted } from "../errors/abort.js";
import { counted } from "../errors/counted.js";
import { ReverseDistillationError } from "../errors/error.js";
import type { ScorableImage } from "../image/lent-image.js";
import type { ResolvedBatching } from "../options/batching.js";
import type { ComputedScore } from "./computed-score.js";

/** Scores images as one batch. If there is a signal and it is aborted, stops as soon as it can. */
export type ComputeBatch = (
  images: ScorableImage[],
  signal: AbortSignal | undefined,
) => Promise<ComputedScore[]>;

/** An image to score, which is prepared when its turn comes. */
export interface QueuedImage {
  /** The memory that the caller keeps for the image until it is scored. */
  bytes: number;
  /** Reads, decodes and shrinks the image. Not called once the signal is aborted. */
  prepare: () => Promise<ScorableImage>;
}

/** A call: it waits, is prepared, is ready, is computed, and then leaves its place. */
interface Call {
  image: QueuedImage;
  resolve: (score: ComputedScore) => void;
  reject: (error: unknown) => void;
  /** When it is aborted, the call is rejected and its result is no longer needed. */
  signal: AbortSignal | undefined;
}

interface ReadyCall extends Call {
  pixels: ScorableImage;
  since: number;
}

/**
 * Collects the images of single calls into batches. One batch is computed at a time, while the images of the next are
 * prepared; all others wait as they were given. If a batch fails, its images are computed again one by one, so that no
 * image fails because of another.
 *
 * A call keeps its place until its work has ended, even if it was aborted: otherwise, calls that are aborted and
 * repeated would start more work than is ever finished.
 */
export class ScoreQueue {
  readonly #compute: ComputeBatch;
  readonly #options: ResolvedBatching;
  #calls = 0;
  #bytes = 0;
  readonly #waiting = new Set<Call>();
  #preparing = 0;
  readonly #ready = new Map<Call, ReadyCall>();
  #busy = false;
  #running: { calls: readonly Call[]; controller: AbortController | undefined } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;

  constructor(compute: ComputeBatch, options: ResolvedBatching) {
    this.#compute = compute;
    this.#options = options;
  }

  /**
   * Scores one image.
   *
   * @throws ReverseDistillationError `QUEUE_FULL`; `ABORTED` as soon as the signal is aborted; whatever preparing or
   * computing throws.
   */
  async score(image: QueuedImage, signal: AbortSignal | undefined): Promise<ComputedScore> {
    throwIfAborted(signal);
    this.#requireRoom(image);
    let stop = () => {};
    try {
      return await new Promise((resolve, reject) => {
        const call = { image, resolve, reject, signal };
        stop = onAbort(signal, () => this.#abort(call));
        this.#calls++;
        this.#bytes += image.bytes;
        this.#waiting.add(call);
        this.#prepareNext();
      });
    } finally {
      stop();
    }
  }

  #requireRoom({ bytes }: QueuedImage): void {
    const { maxQueue, maxQueuedBytes } = this.#options;
    if (this.#calls >= maxQueue) {
      throw new ReverseDistillationError(
        "QUEUE_FULL",
        `The detector already has ${counted(maxQueue, "unfinished call")} of score, the limit set by batching.maxQueue: await some of ` +
          "them before scoring more, or raise the limit.",
      );
    }
    // A single image is scored whatever its size.
    if (this.#calls > 0 && this.#bytes + bytes > maxQueuedBytes) {
      throw new ReverseDistillationError(
        "QUEUE_FULL",
        `With this image of ${bytes} bytes, the detector's ${counted(this.#calls + 1, "unfinished call")} of score would hold ` +
          `${this.#bytes + bytes} bytes of images; batching.maxQueuedBytes allows ${maxQueuedBytes}: await some of the ` +
          "calls before scoring more, pass paths, which are read only when their turn comes, or raise the limit.",
      );
    }
  }

  #leave({ image }: Call): void {
    this.#calls--;
    this.#bytes -= image.bytes;
  }

  #abort(call: Call): void {
    // Once it is being prepared or computed, it leaves when that has ended.
    if (this.#waiting.delete(call) || this.#ready.delete(call)) this.#leave(call);
    call.reject(abortedError(call.signal!));
    if (this.#running?.calls.every(({ signal }) => signal?.aborted)) this.#running.controller?.abort();
    this.#prepareNext();
  }

  /** Prepares images in the order of their calls, at most one batch ahead of the one that is computed. */
  #prepareNext(): void {
    for (const call of this.#waiting) {
      if (this.#preparing + this.#ready.size >= this.#options.maxBatch) return;
      this.#waiting.delete(call);
      void this.#prepare(call);
    }
  }

  async #prepare(call: Call): Promise<void> {
    this.#preparing++;
    try {
      const pixels = await call.image.prepare();
      throwIfAborted(call.signal);
      this.#ready.set(call, { ...call, pixels, since: performance.now() });
    } catch (error) {
      this.#leave(call);
      call.reject(error);
    }
    this.#preparing--;
    this.#prepareNext();
    this.#schedule();
  }

  /** Starts the next batch: now, at the end of this turn of the event loop, or after the delay. */
  #schedule(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    const [first] = this.#ready.values();
    if (this.#busy || first === undefined) return;
    const { maxBatch, maxDelayMs } = this.#options;
    const left = first.since + maxDelayMs - performance.now();
    if (this.#ready.size >= maxBatch) void this.#next();
    else if (left <= 0) this.#soon = setImmediate(() => void this.#next());
    else this.#timer = setTimeout(() => void this.#next(), left);
  }

  async #next(): Promise<void> {
    const batch = [...this.#ready.values()];
    this.#ready.clear();
    if (batch.length === 0) return;
    this.#busy = true;
    this.#prepareNext();
    try {
      await this.#run(batch);
    } finally {
      this.#busy = false;
      this.#schedule();
    }
  }

  /** Settles every call of a batch. Never rejects. */
  async #run(batch: readonly ReadyCall[]): Promise<void> {
    // The batch can be aborted only if every one of its calls can.
    const controller = batch.every(({ signal }) => signal) ? new AbortController() : undefined;
    this.#running = { calls: batch, controller };
    try {
      const images = batch.map(({ pixels }) => pixels);
      const scores = await this.#compute(images, controller?.signal);
      batch.forEach((call, i) => {
        this.#leave(call);
        call.resolve(scores[i]!);
      });
    } catch (error) {
      for (const call of batch) {
        if (batch.length > 1 && !call.signal?.aborted) await this.#run([call]);
        else {
          this.#leave(call);
          call.reject(error);
        }
      }
    } finally {
      // It refers to the scores, and would keep their maps alive after the callers drop them.
      this.#running = undefined;
    }
  }
}
