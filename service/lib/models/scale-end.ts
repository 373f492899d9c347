import type { Thresholds } from "reverse-distillation";

/** How far the colours of an overlay go beyond the threshold of rejection. */
const beyondReject = 1.5;

/** The map value that gets the strongest colour, so that the overlays of a model can be compared; undefined if none can be named. */
export function scaleEndOf(thresholds: Readonly<Thresholds> | null): number | undefined {
  return thresholds && thresholds.reject > 0 ? beyondReject * thresholds.reject : undefined;
}
