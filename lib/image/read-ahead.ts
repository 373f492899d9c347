import { stoppedBy, throwIfAborted, untilAborted } from "../errors/abort.js";

/** How {@link readAhead} goes about it. */
export interface ReadAheadOptions<T> {
  /** How many items are worked on at once. */
  limit: number;
  /**
   * Whether an item is borrowed memory that its owner may use again for the next one: then nothing
   * is asked of the source until the consumer is done with it. None is, by default.
   */
  lent?: (item: T) => boolean;
  /** Ends it with `ABORTED`, also while the source keeps it waiting. */
  signal?: AbortSignal | undefined;
}

/**
 * Maps the items of a source, and yields the results in the source's order, working on the next
 * ones while the consumer is busy.
 *
 * When it ends early the source's iterator is closed, and work under way is awaited.
 *
 * @throws ReverseDistillationError `ABORTED` by the signal or if the source throws (`cause` is what it
 * threw), and what `map` throws.
 */
export async function* readAhead<T, U>(
  source: Iterable<T> | AsyncIterable<T>,
  map: (item: T, index: number) => Promise<U>,
  { limit, lent = () => false, signal }: ReadAheadOptions<T>,
): AsyncGenerator<U, void, undefined> {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const pending: Promise<U>[] = [];
  let index = 0;
  // Neither an iterator that is at its end nor one that threw may be closed.
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
        // It is awaited in its turn; until then a failure must not count as unhandled.
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

async function nextOf<T>(iterator: Iterator<T> | AsyncIterator<T>): Promise<IteratorResult<T>> {
  try {
    return await iterator.next();
  } catch (error) {
    throw stoppedBy("the iterable of images", error);
  }
}

/** A generator that keeps its consumer waiting queues `return` behind the wait: after an abort nobody waits for it. */
async function close(iterator: Iterator<unknown> | AsyncIterator<unknown>, signal: AbortSignal | undefined) {
  const closed = Promise.resolve(iterator.return?.());
  if (signal?.aborted) closed.catch(() => undefined);
  else await closed;
}
