import type { CalibratedThreshold, Calibration } from "../calibration/calibration.js";
import { counted } from "../errors/counted.js";
import { percent } from "../errors/percent.js";
import type { CommandContext } from "./context.js";

/** Prints the thresholds of a calibration, one a line. */
export function printThresholds(context: CommandContext, { reject, review }: Calibration): void {
  context.print(`reject  ${describeThreshold(reject)}`);
  context.print(`review  ${describeThreshold(review)}`);
}

/** A threshold in words: "from 1.23456: at most 1 % of good parts (95 % interval 0.12 % to 2.8 %), from 199 images". */
export function describeThreshold({ value, rate, interval, images, estimate }: CalibratedThreshold): string {
  const share = `${percent(rate)} of good parts`;
  const kind = estimate
    ? `an estimate for ${share}, extrapolated`
    : `at most ${share} (95 % interval ${interval!.map(percent).join(" to ")})`;
  return `from ${value.toPrecision(6)}: ${kind}, from ${counted(images, "image")}`;
}
