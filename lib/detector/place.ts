import { ReverseDistillationError } from "../errors/error.js";
import type { Addon } from "../native/addon.js";
import type { Device } from "../options/computing.js";
import type { Precision, ScoringPrecision } from "../options/precision.js";

/** Where a model computes, and in what precision. */
export interface Place {
  /** "cpu" or "cuda:N". */
  device: string;
  precision: Precision;
}

/**
 * Resolves the options: device "auto" is the first GPU that the addon can compute on, or the CPU if there is none.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if the device does not support the precision.
 */
export function resolvePlace(addon: Addon, device: Device, precision?: ScoringPrecision): Place {
  const best = addon.info().cudaDevices > 0 ? "cuda:0" : "cpu";
  const name = device === "auto" ? best : device;
  return { device: name, precision: resolvePrecision(addon, name, precision) };
}

/**
 * Resolves the precision for a device. Without one, GPUs compute in bfloat16, for which they are made, and CPUs in
 * float32, which agrees between processors. "auto" is bfloat16 on GPUs and on CPUs that multiply bfloat16 in
 * hardware, and float32 on other CPUs, where float32 is faster.
 *
 * @param device "cpu" or "cuda:N".
 * @throws ReverseDistillationError `INVALID_ARGUMENT` on the CPU for tf32 and float16, and for bfloat16 if the
 * processor cannot run it.
 */
export function resolvePrecision(addon: Addon, device: string, given?: ScoringPrecision): Precision {
  const chosen = given ?? (device === "cpu" ? "float32" : "auto");
  if (device !== "cpu") return chosen === "auto" ? "bfloat16" : chosen;
  const { cpuRunsBfloat16, cpuHasBfloat16 } = addon.info();
  if (chosen === "auto") return cpuHasBfloat16 ? "bfloat16" : "float32";
  if (chosen === "float32" || (chosen === "bfloat16" && cpuRunsBfloat16)) return chosen;
  const allowed = cpuRunsBfloat16 ? '"auto", "float32" or "bfloat16"' : '"auto" or "float32"';
  const why =
    chosen === "bfloat16"
      ? "needs a processor with AVX-512 (BW, VL and DQ) or AVX-NE-CONVERT"
      : "works on GPUs only";
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `precision must be ${allowed} on this CPU; got "${chosen}", which ${why}.`,
  );
}
