import { integer, invalid, record } from "../errors/validate.js";

/** What scoring in 8 bits needs to know of a model, as model files store it. */
export interface Quantisation {
  /** Number of images that it was found on. */
  images: number;
  /**
   * Where the inputs of each convolution in 8 bits end: 99.99 % of them are below. In the order of the native
   * `ScoringEngine`, which depends on the model alone.
   */
  ranges: readonly number[];
}

/**
 * Reads a stored quantisation.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming what is wrong.
 */
export function readQuantisation(value: unknown): Quantisation {
  const { images, ranges } = record("quantisation", value, ["images", "ranges"]);
  if (typeof images !== "number") throw invalid("images", "a number", images);
  if (!Array.isArray(ranges) || !ranges.every((range) => Number.isFinite(range) && range > 0))
    throw invalid("ranges", "a list of numbers above 0", ranges);
  return { images: integer("images", images, 1, Number.MAX_SAFE_INTEGER), ranges: ranges as number[] };
}
