import { invalid } from "../errors/validate.js";
import { bytes, kind, parseNumber, wholeNumber, type Kind } from "./kind.js";
import { defaultsOf, option, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";

const milliseconds: Kind<number> = kind({
  check(name, value) {
    if (typeof value === "number" && value >= 0 && value <= 60_000) return value;
    throw invalid(name, "a number of milliseconds from 0 to 60000", value);
  },
  parse: parseNumber,
  placeholder: "<ms>",
});

/** How concurrent calls of `score` are batched. */
export const batchingOptions = {
  /**
   * Largest number of images in a batch. Calls that arrive while the detector is busy form the next batch. Rounding can
   * make a score depend on its batch; 1 rules that out.
   * @defaultValue 8
   */
  maxBatch: option(wholeNumber(1, 1024), { default: 8 }),
  /**
   * How long an idle detector waits for more images before it starts a batch, in milliseconds. With 0 it starts
   * immediately, and batches form only while it is busy.
   * @defaultValue 0
   */
  maxDelayMs: option(milliseconds, { default: 0 }),
  /**
   * Largest number of unfinished calls of `score`, waiting ones included. One more rejects with `QUEUE_FULL`. In a
   * service, set it to the number of images that are scored in the time that a caller is ready to wait.
   * @defaultValue 10000
   */
  maxQueue: option(wholeNumber(1, 1_000_000), { default: 10_000 }),
  /**
   * Largest total size, in bytes, of the images that unfinished calls of `score` were given: encoded bytes and raw
   * pixels. Paths do not count, because files are read only when their turn comes. An image that would exceed it rejects
   * with `QUEUE_FULL`, unless it is the only one.
   * @defaultValue 1073741824
   */
  maxQueuedBytes: option(bytes, { default: 2 ** 30 }),
};

/** How concurrent calls of `score` are batched. */
export interface BatchingOptions extends GivenOptions<typeof batchingOptions> {}

/** The batching options with the defaults filled in. */
export type ResolvedBatching = ResolvedOptions<typeof batchingOptions>;

/** The default of each batching option. */
export const batchingDefaults = defaultsOf(batchingOptions);

/** The value of the option `batching`, which is itself an object of options. */
export const batchingKind: Kind<ResolvedBatching, BatchingOptions> = kind({
  check: (name, value) => resolveOptions(batchingOptions, value, name),
  placeholder: "<object>",
});
