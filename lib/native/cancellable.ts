import { abortedError, onAbort, throwIfAborted } from "../errors/abort.js";
import type { Addon, NativeCancelToken } from "./addon.js";
import { fromNative } from "./native-error.js";

/**
 * Runs native work that the signal can cancel. Removes its listener from the signal afterwards. Errors are rethrown
 * from here, so their stack shows the caller.
 */
export async function cancellable<T>(
  addon: Addon,
  signal: AbortSignal | undefined,
  work: (token: NativeCancelToken) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const token = new addon.CancelToken();
  const stop = onAbort(signal, () => token.cancel());
  try {
    const result = await work(token);
    // It may have been aborted after the last time that the work looked.
    throwIfAborted(signal);
    return result;
  } catch (error) {
    const failure = fromNative(error);
    throw failure.code === "ABORTED" && signal?.aborted ? abortedError(signal) : failure;
  } finally {
    stop();
  }
}
