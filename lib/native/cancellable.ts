import { abortedError, throwIfAborted } from "../errors/abort.js";
import type { Addon, NativeCancelToken } from "./addon.js";
import { fromNative } from "./native-error.js";

/**
 * Runs native work under a cancel token that the signal trips, and leaves no listener on the signal.
 * What the work rejects with is thrown anew, so that the stack is the caller's.
 */
export async function cancellable<T>(
  addon: Addon,
  signal: AbortSignal | undefined,
  work: (token: NativeCancelToken) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const token = new addon.CancelToken();
  const cancel = () => token.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    return await work(token);
  } catch (error) {
    const failure = fromNative(error);
    throw failure.code === "ABORTED" && signal?.aborted ? abortedError(signal) : failure;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}
