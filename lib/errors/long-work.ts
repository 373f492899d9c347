import { breathe } from "./breathe.js";

/** Long work in JavaScript. It yields wherever the event loop may run, every millisecond or so. */
export type Work<T> = Generator<void, T, void>;

/** How long work holds the event loop, in milliseconds. */
const longestTurn = 4;

/** Steps of a simple loop between two yields: a fraction of a millisecond. */
const stride = 2 ** 15;

/** Runs a loop over 0 to `count` piece by piece. */
export function* inPieces(count: number, work: (from: number, to: number) => void): Work<void> {
  for (let from = 0; from < count; from += stride) {
    work(from, Math.min(from + stride, count));
    yield;
  }
}

/** Does the work without a break. */
export function atOnce<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** For loops that wait now and then, but perhaps only for what is there already: says when a turn has become long. */
export class Turn {
  #end = performance.now() + longestTurn;

  /**
   * Lets the event loop run if the turn has become long.
   *
   * @throws ReverseDistillationError `ABORTED` if the signal is aborted.
   */
  async endIfLong(signal?: AbortSignal): Promise<void> {
    if (performance.now() < this.#end) return;
    await breathe(signal);
    this.#end = performance.now() + longestTurn;
  }
}

/**
 * Does the work in turns with everything else on the event loop.
 *
 * @throws ReverseDistillationError `ABORTED` if the signal is aborted, and what the work throws.
 */
export async function inTurns<T>(work: Work<T>, signal?: AbortSignal): Promise<T> {
  const turn = new Turn();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await turn.endIfLong(signal);
  }
}
