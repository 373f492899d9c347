/**
 * Threads that all detectors of this JavaScript thread score with: what would exceed them waits its turn,
 * since threads in excess of the cores take them from one another.
 */
export class ThreadBudget {
  readonly #total: number;
  readonly #waiting: { threads: number; start: () => void }[] = [];
  #free: number;

  /** @param total Threads that may compute at once. */
  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /**
   * Runs work that computes on so many threads, in the order of the calls.
   *
   * @param threads 0 stands for all of them; more than there are waits for all of them.
   */
  async use<T>(threads: number, work: () => Promise<T>): Promise<T> {
    const taken = threads === 0 ? this.#total : Math.min(threads, this.#total);
    await this.#take(taken);
    try {
      return await work();
    } finally {
      this.#free += taken;
      this.#startWaiting();
    }
  }

  async #take(threads: number): Promise<void> {
    if (this.#waiting.length > 0 || threads > this.#free) {
      return new Promise((start) => this.#waiting.push({ threads, start }));
    }
    this.#free -= threads;
  }

  #startWaiting(): void {
    // The first in line is never passed by, or work that takes all threads could wait forever.
    for (let first = this.#waiting[0]; first && first.threads <= this.#free; first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= first.threads;
      first.start();
    }
  }
}
