import { choice } from "./kind.js";
import { optional } from "./option.js";

/**
 * The precision of the networks' arithmetic; maps and scores are always float32. "tf32" is float32, except that
 * convolutions round their inputs to 10 bits of mantissa; "int8" is float32, except that most convolutions have
 * inputs and weights of 8 bits.
 */
export type Precision = "float32" | "tf32" | "bfloat16" | "float16" | "int8";

/** The precisions that a detector can train in. */
export type TrainingPrecision = "auto" | Exclude<Precision, "float16" | "int8">;

/** The precisions that a detector can score in. */
export type ScoringPrecision = "auto" | Precision;

export const trainingPrecisions = [
  "auto",
  "float32",
  "tf32",
  "bfloat16",
] as const satisfies TrainingPrecision[];
/** The precisions of detectors that were not quantised. */
export const unquantisedPrecisions = [...trainingPrecisions, "float16"] as const satisfies ScoringPrecision[];
export const scoringPrecisions = [...unquantisedPrecisions, "int8"] as const satisfies ScoringPrecision[];

const help =
  "precision of the networks' arithmetic; auto is bfloat16 if the hardware supports it, else float32";

const defaultText = '"float32" on CPUs, "bfloat16" on GPUs';

export const trainingPrecisionOptions = {
  /**
   * Precision of the networks' arithmetic, in training and afterwards in scoring. "float32" agrees with Python.
   * "bfloat16" is about twice as fast on hardware that multiplies it; weights and maps stay float32. On a CPU it needs
   * AVX-512 (BW, VL and DQ) or AVX-NE-CONVERT. "auto" is bfloat16 on hardware that multiplies it and float32 elsewhere.
   * "tf32", on GPUs only, is float32, except that convolutions round their inputs to 10 bits of mantissa, which is
   * PyTorch's default there.
   * @defaultValue "float32" on CPUs, "bfloat16" on GPUs
   */
  precision: optional(choice(trainingPrecisions), { defaultText, help }),
};

/** For detectors that were not quantised. */
export const unquantisedPrecisionOptions = {
  /**
   * Precision of the networks' arithmetic, as for `train`; on GPUs, "float16" too.
   * @defaultValue "float32" on CPUs, "bfloat16" on GPUs
   */
  precision: optional(choice(unquantisedPrecisions), { defaultText, help }),
};

export const scoringPrecisionOptions = {
  /**
   * Precision of the networks' arithmetic, as for `train`; on GPUs, "float16" too, and on CPUs "int8", if the detector
   * was saved after `quantise`. It may differ from the precision that the detector was trained in.
   * @defaultValue "float32" on CPUs, "bfloat16" on GPUs
   */
  precision: optional(choice(scoringPrecisions), { defaultText, help }),
};
