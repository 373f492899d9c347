import { stoppedBy, throwIfAborted, untilAborted } from "../errors/abort.js";

/** How {@link readAhead} reads. */
export interface ReadAheadOptions<T> {
  /** Number of items to work on at once. */
  limit: number;
  /**
   * Whether an item is borrowed memory that its owner may use again for the next one: then nothing
   * is asked of the source until the consumer is done with it. None is, by default.
   */
  lent?: (item: T) => boolean;
  /** Stops reading with `ABORTED`, even while waiting for the source. */
  signal?: AbortSignal | undefined;
}

/**
 * Maps the items of a source and yields the results in the source's order. It works on the next items while the consumer
 * is busy.
 *
 * If it ends early, it closes the source's iterator and waits for the work under way.
 *
 * @throws ReverseDistillationError `ABORTED` if the signal was aborted or the source throws (`cause` is what it threw),
 * and what `map` throws.
 */
export async function* readAhead<T, U>(
  source: Iterable<T> | AsyncIterable<T>,
  map: (item: T, index: number) => Promise<U>,
  { limit, lent = () => false, signal }: ReadAheadOptions<T>,
): AsyncGenerator<U, void, undefined> {
  const iterator = iteratorOf(source);
  const pending: Promise<U>[] = [];
  let index = 0;
  // An iterator that has ended or thrown must not be closed.
  let open = true;
  let blocked = false;
  try {
    for (;;) {
      while (open && !blocked && pending.length < limit) {
        throwIfAborted(signal);
        const step = nextOf(iterator);
        step.then(
          ({ done }) => done && (open = false),
          () => (open = false),
        );
        const next = await untilAborted(signal, step);
        if (next.done) break;
        blocked = lent(next.value);
        const result = map(next.value, index++);
        // It is awaited later; until then, a failure must not count as unhandled.
        result.catch(() => undefined);
        pending.push(result);
      }
      const first = pending.shift();
      if (first === undefined) return;
      yield await first;
      if (pending.length === 0) blocked = false;
    }
  } finally {
    await Promise.allSettled(pending);
    if (open) await close(iterator, signal);
  }
}

function iteratorOf<T>(source: Iterable<T> | AsyncIterable<T>): Iterator<T> | AsyncIterator<T> {
  try {
    return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  } catch (error) {
    throw stoppedBy("the iterable of images", error);
  }
}

async function nextOf<T>(iterator: Iterator<T> | AsyncIterator<T>): Promise<IteratorResult<T>> {
  try {
    return await iterator.next();
  } catch (error) {
    throw stoppedBy("the iterable of images", error);
  }
}

/** A generator that is waiting queues `return` until it resumes, so after an abort nobody waits for it. */
async function close(iterator: Iterator<unknown> | AsyncIterator<unknown>, signal: AbortSignal | undefined) {
  const closed = Promise.resolve(iterator.return?.());
  if (signal?.aborted) closed.catch(() => undefined);
  else await closed;
}
