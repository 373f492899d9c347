import { numberFrom } from "./kind.js";
import { option, type GivenOptions } from "./option.js";

/** The options of `Detector.watch`. */
export const watchOptions = {
  /**
   * How many good parts come between two false alarms, on average, at least; from 100 to 1e9.
   * @defaultValue 100000
   */
  partsPerFalseAlarm: option(numberFrom(100, 1e9), { default: 100_000 }),
  /**
   * The share of parts that may be rejected without counting as a change of the line; from 0.01 to 0.5.
   * @defaultValue 0.25
   */
  mostRejected: option(numberFrom(0.01, 0.5), { default: 0.25 }),
};

/** How a line is watched. */
export interface WatchOptions extends GivenOptions<typeof watchOptions> {}
