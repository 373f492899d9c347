import { invalid } from "../errors/validate.js";
import { boolean, callback, kind, parseNumber, wholeNumber, type Kind } from "./kind.js";
import {
  omitOptions,
  option,
  optional,
  resolveOptions,
  type GivenOptions,
  type ResolvedOptions,
} from "./option.js";

/** The fewest images that are held out of a training, and the fewest that a tail is estimated from. */
export const fewestHeldOut = 20;

const rate: Kind<number> = kind({
  check(name, value) {
    if (typeof value === "number" && value > 0 && value < 1) return value;
    throw invalid(name, "a rate above 0 and below 1", value);
  },
  parse: parseNumber,
  placeholder: "<rate>",
});

/** Which shares of good parts may exceed the thresholds. */
export const rateOptions = {
  /**
   * The share of good parts that may be rejected; above 0 and below 1. It needs at least `1 / falseAlarms - 1` images.
   * @defaultValue 0.01, or the lowest rate that the images allow
   */
  falseAlarms: optional(rate, {
    defaultText: "0.01, or the lowest rate that the images allow",
    help: "share of good parts that may be rejected",
  }),
  /**
   * The share of good parts that may be reviewed or rejected; at least `falseAlarms`.
   * @defaultValue 0.05, or `falseAlarms` if that is higher
   */
  review: optional(rate, {
    defaultText: "0.05, or `falseAlarms` if that is higher",
    help: "share of good parts that may be reviewed or rejected",
  }),
  /**
   * Whether to extrapolate the tail of the scores where there are too few images for a rate. Such a threshold is an
   * estimate without a promise. It needs at least 20 images.
   * @defaultValue false
   */
  extrapolate: option(boolean, {
    default: false,
    help: "estimate a threshold if there are too few images for its rate",
  }),
};

/** The options of rates, checked. */
export type Rates = ResolvedOptions<typeof rateOptions>;

/** Options of the calibration that ends a training. */
export const heldOutOptions = {
  ...rateOptions,
  /**
   * Number of images to hold out of the training; at least 20. Groups may make it larger.
   * @defaultValue a fifth of the images, at least 20
   */
  images: optional(wholeNumber(fewestHeldOut, 10_000_000), {
    defaultText: "a fifth of the images, at least 20",
    help: "number of images to hold out of the training for the calibration",
  }),
  /**
   * Returns which part an image shows: all images of one part are held out, or none. Gets the image as it was passed,
   * or its path if a folder was passed, and its number from 0.
   * @defaultValue every image shows a part of its own
   */
  group: optional(callback<(image: unknown, index: number) => string | number>(), {
    defaultText: "every image shows a part of its own",
  }),
};

/** How thresholds are calibrated at the end of a training. */
export interface HeldOutOptions
  extends GivenOptions<typeof rateOptions>, GivenOptions<Omit<typeof heldOutOptions, keyof Rates>> {}

/** How images are held out of a training, and whether it fails if there are too few of them. */
export interface HoldOut extends ResolvedOptions<typeof heldOutOptions> {
  required: boolean;
}

const holdOut: Kind<HoldOut | undefined, "auto" | boolean | HeldOutOptions> = kind({
  check(name, value) {
    if (value === false) return undefined;
    if (value === "auto" || value === true) return { ...checkedHoldOut(name, {}), required: value === true };
    if (typeof value === "object" && value !== null)
      return { ...checkedHoldOut(name, value), required: true };
    throw invalid(name, '"auto", true, false, or an object of options', value);
  },
  placeholder: "<object>",
});

function checkedHoldOut(name: string, value: unknown): ResolvedOptions<typeof heldOutOptions> {
  const resolved = resolveOptions(heldOutOptions, value, name);
  requireOrder(`${name}.review`, resolved);
  return resolved;
}

/** The option of `train`. */
export const holdOutOptions = {
  /**
   * Holds some of the images out of the training and calibrates thresholds on their scores. "auto" does so if there are
   * at least 100 images; `true`, or options, fails if there are too few. `false` trains on all images.
   * @defaultValue "auto"
   */
  calibrate: option(holdOut, { default: "auto" }),
};

/** The flags of `train` for {@link holdOutOptions}. */
export const holdOutFlags = omitOptions(heldOutOptions, "group");

/** What is done with images that the detector was trained on. */
const trainedOptions = {
  /**
   * Whether images that the detector was trained on may be used. Their scores are too low, so the promise does not hold.
   * @defaultValue false
   */
  allowTrained: option(boolean, {
    default: false,
    help: "use images that the model was trained on; their scores are too low for a promise",
  }),
};

/** The options of `Detector.calibrate` that are its own. */
export const calibrationOptions = { ...rateOptions, ...trainedOptions };

/** How thresholds are calibrated. */
export interface CalibrationOptions
  extends GivenOptions<typeof rateOptions>, GivenOptions<typeof trainedOptions> {}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` if fewer good parts may be reviewed than rejected. */
export function requireOrder(name: string, { falseAlarms, review }: Rates): void {
  if (falseAlarms !== undefined && review !== undefined && review < falseAlarms) {
    throw invalid(
      name,
      `at least falseAlarms (${falseAlarms}), because rejected parts count as reviewed`,
      review,
    );
  }
}
