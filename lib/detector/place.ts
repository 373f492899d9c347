import { ReverseDistillationError } from "../errors/error.js";
import type { Addon } from "../native/addon.js";
import type { Device } from "../options/computing.js";
import { scoringPrecisions, type Precision, type ScoringPrecision } from "../options/precision.js";

/** Where a model computes, and in what precision. */
export interface Place {
  /** "cpu" or "cuda:N". */
  device: string;
  precision: Precision;
}

/**
 * Resolves the options: device "auto" is the first GPU that the addon can compute on, or the CPU if there is none.
 *
 * @param offered The precisions that the work can have at all.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if the device does not support the precision.
 */
export function resolvePlace(
  addon: Addon,
  device: Device,
  precision?: ScoringPrecision,
  offered: readonly ScoringPrecision[] = scoringPrecisions,
): Place {
  const best = addon.info().cudaDevices > 0 ? "cuda:0" : "cpu";
  const name = device === "auto" ? best : device;
  return { device: name, precision: resolvePrecision(addon, name, precision, offered) };
}

/**
 * Resolves the precision for a device. Without one, GPUs compute in bfloat16, for which they are made, and CPUs in
 * float32, which agrees between processors. "auto" is bfloat16 on GPUs and on CPUs that multiply bfloat16 in
 * hardware, and float32 on other CPUs, where float32 is faster.
 *
 * @param device "cpu" or "cuda:N".
 * @param offered The precisions that the work can have at all.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for a precision that the device does not have.
 */
export function resolvePrecision(
  addon: Addon,
  device: string,
  given: ScoringPrecision | undefined,
  offered: readonly ScoringPrecision[],
): Precision {
  const onCpu = device === "cpu";
  const chosen = given ?? (onCpu ? "float32" : "auto");
  const { cpuRunsBfloat16, cpuRunsInt8, cpuHasBfloat16 } = addon.info();
  const here: ScoringPrecision[] = onCpu
    ? [
        "auto",
        "float32",
        ...(cpuRunsBfloat16 ? ["bfloat16" as const] : []),
        ...(cpuRunsInt8 ? ["int8" as const] : []),
      ]
    : ["auto", "float32", "tf32", "bfloat16", "float16"];
  const allowed = here.filter((precision) => offered.includes(precision));
  if (!allowed.includes(chosen)) throw unavailable(chosen, onCpu, allowed);
  if (chosen !== "auto") return chosen;
  return onCpu && !cpuHasBfloat16 ? "float32" : "bfloat16";
}

function unavailable(
  precision: ScoringPrecision,
  onCpu: boolean,
  allowed: readonly ScoringPrecision[],
): ReverseDistillationError {
  const names = allowed.map((name) => `"${name}"`);
  const why = !onCpu
    ? "works on CPUs only"
    : precision === "bfloat16"
      ? "needs a processor with AVX-512 (BW, VL and DQ) or AVX-NE-CONVERT"
      : precision === "int8"
        ? "needs a LibTorch with oneDNN"
        : "works on GPUs only";
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `precision must be ${names.slice(0, -1).join(", ")} or ${names.at(-1)!} on ${onCpu ? "this CPU" : "GPUs"}; got ` +
      `"${precision}", which ${why}.`,
  );
}
