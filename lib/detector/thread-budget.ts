/**
 * The threads that all detectors in this JavaScript thread share for scoring. Work that would exceed the budget waits
 * its turn, because more threads than cores only slow each other down.
 */
export class ThreadBudget {
  readonly #total: number;
  readonly #waiting: { threads: number; start: () => void }[] = [];
  #free: number;

  /** @param total Number of threads that may compute at the same time. */
  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /**
   * Runs work once its threads are free, in the order of the calls.
   *
   * @param threads Number of threads that the work computes on. 0, or more than the total, means all of them.
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
    // Nothing overtakes the first in line; otherwise work that needs all threads could wait forever.
    for (let first = this.#waiting[0]; first && first.threads <= this.#free; first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= first.threads;
      first.start();
    }
  }
}
