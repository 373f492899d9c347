import { ReverseDistillationError } from "../errors/error.js";
import type { Addon } from "../native/addon.js";
import type { Device } from "../options/device.js";
import type { Precision, ScoringPrecision } from "../options/precision.js";

/** Where a model computes, and in what precision. */
export interface Place {
  /** "cpu" or "cuda:N". */
  device: string;
  precision: Precision;
}

/**
 * The place that the options stand for: the device of "auto" is the first GPU that the addon can compute on, else
 * the CPU.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for a precision that the device does not have.
 */
export function resolvePlace(addon: Addon, device: Device, precision: ScoringPrecision): Place {
  const best = addon.info().cudaDevices > 0 ? "cuda:0" : "cpu";
  const name = device === "auto" ? best : device;
  return { device: name, precision: resolvePrecision(addon, name, precision) };
}

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
      `precision must be "auto", "float32" or "bfloat16" on the CPU; got "${chosen}", which is for GPUs.`,
    );
  }
  if (chosen !== "auto") return chosen;
  return device !== "cpu" || addon.info().cpuHasBfloat16 ? "bfloat16" : "float32";
}
