import { invalid } from "../errors/validate.js";
import { kind, parseNumber, wholeNumber, type Kind } from "./kind.js";
import { defaultsOf, option, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";

const milliseconds: Kind<number> = kind({
  check(name, value) {
    if (typeof value === "number" && value >= 0 && value <= 60_000) return value;
    throw invalid(name, "a number of milliseconds from 0 to 60000", value);
  },
  parse: parseNumber,
  placeholder: "<ms>",
});

/** How calls of `score` that arrive together are computed together. */
export const batchingOptions = {
  /**
   * Images computed at once, from 1. A call that finds the detector busy joins the next batch. A score may differ by
   * rounding with the batch that it was computed in; 1 rules that out.
   * @defaultValue 8
   */
  maxBatch: option(wholeNumber(1, 1024), { default: 8 }),
  /**
   * The longest time that an image waits for others while nothing is computed, in milliseconds. With 0 no image waits,
   * and batches form only while the detector is busy.
   * @defaultValue 0
   */
  maxDelayMs: option(milliseconds, { default: 0 }),
  /**
   * Calls that may be under way at once, waiting ones included, from 1. One more fails with `QUEUE_FULL`.
   * @defaultValue 256
   */
  maxQueue: option(wholeNumber(1, 1_000_000), { default: 256 }),
};

/** How calls of `score` that arrive together are computed together. */
export interface BatchingOptions extends GivenOptions<typeof batchingOptions> {}

/** The same with the defaults filled in. */
export type ResolvedBatching = ResolvedOptions<typeof batchingOptions>;

/** The values of the options that are left out. */
export const batchingDefaults = defaultsOf(batchingOptions);

/** Options that are the value of an option themselves. */
export const batchingKind: Kind<ResolvedBatching, BatchingOptions> = kind({
  check: (name, value) => resolveOptions(batchingOptions, value, name),
  placeholder: "<object>",
});
