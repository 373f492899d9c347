import type { Addon } from "../lib/native/addon.js";

/** The precisions measured on the CPU. */
export const precisions = ["float32", "bfloat16"] as const;
export type MeasuredPrecision = (typeof precisions)[number];

/** The precisions that this processor supports in hardware. Prints a note if it lacks bfloat16. */
export function precisionsHere(addon: Addon): readonly MeasuredPrecision[] {
  if (addon.info().cpuHasBfloat16) return precisions;
  console.error("bfloat16 is not measured: this processor lacks AVX512-BF16.");
  return ["float32"];
}
