import { choice } from "./kind.js";
import { option } from "./option.js";

/**
 * The precision of the networks' arithmetic; maps and scores are always float32. "tf32" is float32 whose convolutions
 * round their inputs to 10 bits of mantissa.
 */
export type Precision = "float32" | "tf32" | "bfloat16" | "float16";

/** The precisions that a detector can train in. */
export type TrainingPrecision = "auto" | Exclude<Precision, "float16">;

/** The precisions that a detector can score in. */
export type ScoringPrecision = "auto" | Precision;

export const trainingPrecisions = [
  "auto",
  "float32",
  "tf32",
  "bfloat16",
] as const satisfies TrainingPrecision[];
export const scoringPrecisions = [...trainingPrecisions, "float16"] as const satisfies ScoringPrecision[];

const help = "precision of the networks' arithmetic; auto: bfloat16 where the hardware has it";

export const trainingPrecisionOptions = {
  /**
   * Precision of the networks' arithmetic, in training and in scoring. "float32" gives the numbers that Python gives.
   * "bfloat16" is about twice as fast on hardware that has it, and keeps weights and maps in float32. "auto" uses
   * bfloat16 on such hardware, and float32 elsewhere. "tf32", on GPUs only, is float32 whose convolutions round their
   * inputs to 10 bits of mantissa, as PyTorch does there by default.
   * @defaultValue "float32"
   */
  precision: option(choice(trainingPrecisions), { default: "float32", help }),
};

export const scoringPrecisionOptions = {
  /**
   * Precision of the networks' arithmetic, whatever the detector was trained in: as for `train`, and on a GPU "float16"
   * too.
   * @defaultValue "float32"
   */
  precision: option(choice(scoringPrecisions), { default: "float32", help }),
};
