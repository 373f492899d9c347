/** Does work in the order in which it was asked for, one after another, so that it never takes more than one turn. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  /** @throws the reason of the signal, if it was aborted before the turn came; whatever the work does. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}
