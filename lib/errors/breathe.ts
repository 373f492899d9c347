import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "./abort.js";

/**
 * Lets the event loop run within long work, so that timers, other requests and the signal get their turn.
 *
 * @throws ReverseDistillationError `ABORTED` if the signal is aborted.
 */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  throwIfAborted(signal);
}
