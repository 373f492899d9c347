import { ReverseDistillationError } from "./error.js";

/** `ABORTED`, with the signal's reason as its cause. */
export function abortedError(signal: AbortSignal): ReverseDistillationError {
  const reason: unknown = signal.reason;
  const text = reason instanceof Error ? reason.message : String(reason);
  return new ReverseDistillationError("ABORTED", `The work was aborted by its signal: ${text}`, {
    cause: reason,
  });
}

/**
 * `ABORTED` by code of the caller's that threw, with what it threw as its cause. An error of this
 * package stays as it is.
 */
export function stoppedBy(what: string, thrown: unknown): ReverseDistillationError {
  if (thrown instanceof ReverseDistillationError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new ReverseDistillationError("ABORTED", `The work was stopped: ${what} threw: ${reason}`, {
    cause: thrown,
  });
}

/** Throws `ABORTED` once the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal);
}

/** Settles as the promise does, or rejects with `ABORTED` as soon as the signal is aborted. */
export async function untilAborted<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (signal === undefined) return promise;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(abortedError(signal));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
