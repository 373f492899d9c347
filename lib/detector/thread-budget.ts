import { Turns } from "../errors/turns.js";

/**
 * The threads that all detectors in this JavaScript thread share for scoring. Work that would exceed the budget waits
 * its turn, because more threads than cores only slow each other down.
 */
export class ThreadBudget {
  readonly #total: number;
  readonly #turns: Turns;

  /** @param total Number of threads that may compute at the same time. */
  constructor(total: number) {
    this.#total = total;
    this.#turns = new Turns(total);
  }

  /**
   * Runs work once its threads are free, in the order of the calls.
   *
   * @param threads Number of threads that the work computes on. 0, or more than the total, means all of them.
   * @param signal If it is aborted while the work waits, the work never begins.
   */
  use<T>(threads: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#turns.use(threads === 0 ? this.#total : threads, work, signal);
  }
}
