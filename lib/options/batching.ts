import { invalid, integer, record, withoutUndefined } from "../errors/validate.js";

/** How calls of `score` that arrive together are made into batches. Everything may be left out. */
export interface BatchingOptions {
  /**
   * Images computed on at once, from 1. Default 8: a call that finds the detector busy goes with the next
   * batch. A score may differ by rounding with the batch that it was in; 1 rules that out.
   */
  maxBatch?: number;
  /**
   * Longest time that an image waits for others while nothing is computed, in milliseconds. Default 0: none
   * waits, and batches come about only while the detector is busy.
   */
  maxDelayMs?: number;
  /** Calls that may be under way, the waiting ones too, from 1. Default 256; one more fails with `QUEUE_FULL`. */
  maxQueue?: number;
}

/** The values of the options that are left out. */
export const batchingDefaults = {
  maxBatch: 8,
  maxDelayMs: 0,
  maxQueue: 256,
} as const satisfies BatchingOptions;

/**
 * Checks the option `batching` and fills in the defaults.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`
 */
export function batching(name: string, value: unknown): Required<BatchingOptions> {
  const given = record(name, value, Object.keys(batchingDefaults));
  const { maxBatch, maxDelayMs, maxQueue } = { ...batchingDefaults, ...withoutUndefined(given) };
  return {
    maxBatch: integer(`${name}.maxBatch`, maxBatch, 1, 1024),
    maxDelayMs: delay(`${name}.maxDelayMs`, maxDelayMs),
    maxQueue: integer(`${name}.maxQueue`, maxQueue, 1, 1_000_000),
  };
}

function delay(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= 60_000) return value;
  throw invalid(name, "a number of milliseconds from 0 to 60000", value);
}
