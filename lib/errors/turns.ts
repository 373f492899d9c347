import { abortedError, onAbort, throwIfAborted } from "./abort.js";

interface Waiting {
  places: number;
  start: () => void;
}

/** A number of places for work in progress. Work that finds too few waits, and nothing overtakes what waits longer. */
export class Turns {
  readonly #total: number;
  readonly #waiting = new Set<Waiting>();
  #free: number;

  /** @param total Number of places. */
  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /**
   * Runs work in places of its own, which become free when it has ended.
   *
   * @param places How many it needs. More than the total means all of them.
   * @param signal If it is aborted before the work begins, the work never does.
   * @throws ReverseDistillationError `ABORTED` as soon as the signal is aborted, unless the work has begun; whatever
   * the work throws.
   */
  async use<T>(places: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    throwIfAborted(signal);
    const taken = Math.min(places, this.#total);
    await this.#take(taken, signal);
    try {
      throwIfAborted(signal);
      return await work();
    } finally {
      this.#free += taken;
      this.#startWaiting();
    }
  }

  async #take(places: number, signal?: AbortSignal): Promise<void> {
    if (this.#waiting.size === 0 && places <= this.#free) {
      this.#free -= places;
      return;
    }
    let stop = () => {};
    try {
      await new Promise<void>((start, reject) => {
        const waiting = { places, start };
        this.#waiting.add(waiting);
        stop = onAbort(signal, () => {
          if (!this.#waiting.delete(waiting)) return;
          reject(abortedError(signal!));
          this.#startWaiting();
        });
      });
    } finally {
      stop();
    }
  }

  #startWaiting(): void {
    // Otherwise work that needs all places could wait forever.
    for (const first of this.#waiting) {
      if (first.places > this.#free) return;
      this.#waiting.delete(first);
      this.#free -= first.places;
      first.start();
    }
  }
}
