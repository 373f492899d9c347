import { ReverseDistillationError } from "./errors.js";
import type { Addon, Precision } from "./native/addon.js";
import { oneOf } from "./validate.js";

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

/**
 * The precision that "auto" stands for on a device: bfloat16 on a GPU, and on a CPU that multiplies it in
 * hardware; float32 on others, where it is the faster one.
 *
 * @param device "cpu" or "cuda:N".
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for tf32 and float16 on the CPU.
 */
export function resolvePrecision(addon: Addon, device: string, chosen: ScoringPrecision): Precision {
  if ((chosen === "float16" || chosen === "tf32") && device === "cpu") {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `precision must be "auto", "float32" or "bfloat16" on the CPU, but is "${chosen}", which is for GPUs.`,
    );
  }
  if (chosen !== "auto") return chosen;
  return device !== "cpu" || addon.info().cpuHasBfloat16 ? "bfloat16" : "float32";
}
