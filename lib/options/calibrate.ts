import { calibrationOptions, requireOrder, type CalibrationOptions } from "./calibration.js";
import { abortOptions } from "./computing.js";
import { formatOptions, goodOptions } from "./dataset-format.js";
import { imageOptions } from "./images.js";
import { callback } from "./kind.js";
import { optional, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";

const progressOptions = {
  /**
   * Called after each batch with the number of images scored so far, and the number of all if it is known. If it throws,
   * the calibration stops.
   */
  onProgress: optional(callback<(progress: { images: number; total: number | undefined }) => void>()),
};

/** The options of `Detector.calibrate`. */
export const calibrateOptions = {
  ...goodOptions,
  ...formatOptions,
  ...calibrationOptions,
  ...imageOptions,
  ...abortOptions,
  ...progressOptions,
};

/** How `Detector.calibrate` reads good images and chooses thresholds. */
export interface CalibrateOptions
  extends
    GivenOptions<typeof goodOptions>,
    GivenOptions<typeof formatOptions>,
    CalibrationOptions,
    GivenOptions<typeof imageOptions>,
    GivenOptions<typeof abortOptions>,
    GivenOptions<typeof progressOptions> {}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function resolveCalibrateOptions(options: CalibrateOptions): ResolvedOptions<typeof calibrateOptions> {
  const resolved = resolveOptions(calibrateOptions, options);
  requireOrder("review", resolved);
  return resolved;
}
