import type { Addon, NativeMapWorker } from "../native/addon.js";

/** One per addon; its thread starts with the first work. */
const workers = new WeakMap<Addon, NativeMapWorker>();

/** The thread that works on maps for all callers of this JavaScript thread. */
export function mapWorker(addon: Addon): NativeMapWorker {
  const existing = workers.get(addon);
  if (existing !== undefined) return existing;
  const worker = new addon.MapWorker();
  workers.set(addon, worker);
  return worker;
}
