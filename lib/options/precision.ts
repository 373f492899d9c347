import { oneOf } from "../errors/validate.js";

/**
 * Of the networks' arithmetic; maps and scores are float32 in any. "tf32" is float32 whose convolutions round their
 * inputs to 10 bits of mantissa.
 */
export type Precision = "float32" | "tf32" | "bfloat16" | "float16";

/** What a training may compute in. */
export type TrainingPrecision = "auto" | Exclude<Precision, "float16">;

/** What a detector may score in. */
export type ScoringPrecision = "auto" | Precision;

export const trainingPrecisions = [
  "auto",
  "float32",
  "tf32",
  "bfloat16",
] as const satisfies TrainingPrecision[];
export const scoringPrecisions = [...trainingPrecisions, "float16"] as const satisfies ScoringPrecision[];

export const trainingPrecision = (name: string, value: unknown): TrainingPrecision =>
  oneOf(name, value, trainingPrecisions);
export const scoringPrecision = (name: string, value: unknown): ScoringPrecision =>
  oneOf(name, value, scoringPrecisions);
