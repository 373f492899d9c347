import { numberFrom, someOf } from "./kind.js";
import { option, type GivenOptions } from "./option.js";

export const watchedStatistics = ["score", "brightness", "contrast", "sharpness"] as const;
/**
 * A statistic of parts that a line is watched by: the score, or one of the image.
 *
 * @useDeclaredType
 */
export type WatchedStatistic = (typeof watchedStatistics)[number];

/** The options of `Detector.watch`. */
export const watchOptions = {
  /**
   * The probability of a false alarm among n good parts is at most n / `partsPerFalseAlarm`; from 100 to 1e9.
   * @defaultValue 100000
   */
  partsPerFalseAlarm: option(numberFrom(100, 1e9), { default: 100_000 }),
  /**
   * The share of parts that may be rejected without counting as a change of the line; from 0.01 to 0.5.
   * @defaultValue 0.25
   */
  mostRejected: option(numberFrom(0.01, 0.5), { default: 0.25 }),
  /**
   * What is watched besides the share of rejects. Leave out what is allowed to change, such as the brightness by daylight.
   * @defaultValue ["score", "brightness", "contrast", "sharpness"]
   */
  statistics: option(someOf(watchedStatistics), { default: watchedStatistics }),
};

/** How a line is watched. */
export interface WatchOptions extends GivenOptions<typeof watchOptions> {}
