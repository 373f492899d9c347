import { setMaxListeners } from "node:events";
import { ReverseDistillationError } from "./error.js";
import { messageOf } from "./message-of.js";

/** An `ABORTED` error with the signal's reason as its `cause`. */
export function abortedError(signal: AbortSignal): ReverseDistillationError {
  const reason: unknown = signal.reason;
  const message = `The signal aborted the operation: ${messageOf(reason)}`;
  return new ReverseDistillationError("ABORTED", message, { cause: reason });
}

/**
 * An `ABORTED` error for caller code that threw, with the thrown value as its `cause`. An error of this package is
 * returned unchanged.
 *
 * @param what The code that threw, as the message names it: "onProgress".
 */
export function stoppedBy(what: string, thrown: unknown): ReverseDistillationError {
  if (thrown instanceof ReverseDistillationError) return thrown;
  const message = `Stopped because ${what} threw: ${messageOf(thrown)}`;
  return new ReverseDistillationError("ABORTED", message, { cause: thrown });
}

/** Throws `ABORTED` if the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal);
}

/**
 * Calls back when the signal is aborted; not if it already is.
 *
 * @returns Stops listening.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {};
  // One signal may serve hundreds of calls. Each stops listening, so Node.js need not warn of a leak after ten.
  if (signal instanceof EventTarget) setMaxListeners(Number.MAX_SAFE_INTEGER, signal);
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

/** Settles like the promise, but rejects with `ABORTED` as soon as the signal is aborted. */
export async function untilAborted<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (signal === undefined) return promise;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(abortedError(signal));
    if (signal.aborted) abort();
    else stop = onAbort(signal, abort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stop();
  }
}

/**
 * Runs work with a signal that is aborted as soon as one of the given signals is, with its reason. Removes its listeners
 * afterwards. (`AbortSignal.any` requires Node.js 20.3.)
 */
export async function withAnySignal<T>(
  signals: readonly (AbortSignal | undefined)[],
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const given = signals.filter((signal) => signal !== undefined);
  if (given.length < 2) return work(given[0]);
  const controller = new AbortController();
  const abort = () => controller.abort(given.find(({ aborted }) => aborted)?.reason);
  if (given.some(({ aborted }) => aborted)) abort();
  for (const signal of given) signal.addEventListener("abort", abort, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of given) signal.removeEventListener("abort", abort);
  }
}
