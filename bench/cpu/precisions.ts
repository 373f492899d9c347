import type { Precision } from "../../lib/options/precision.js";
import { alternate, comparison, settle, type Comparison, type Run } from "./compare.js";
import type { Workload } from "./workload.js";

/** A job that runs in several precisions here, and in float32 in the reference. */
interface Job {
  name: string;
  unit: string;
  /** Number of floating-point operations. */
  operations: number;
  ours: Record<Precision, Run>;
  reference: Run;
}

/**
 * Compares a job in each precision with the same runs of the reference. The figures are the rate of operations and its
 * share of the rate of a large matrix product in the same precision, the best of those measured in between.
 */
export async function comparePrecisions(
  workload: Workload,
  precisions: readonly Precision[],
  rounds: number,
  { name, unit, operations, ours, reference }: Job,
): Promise<Comparison[]> {
  const peakOf = (precision: Precision) => `peak in ${precision}`;
  const peaks = precisions.map((precision) => [peakOf(precision), () => workload.peak(precision)] as const);
  const sides: Record<string, Run> = { ...ours, reference, ...Object.fromEntries(peaks) };
  const found = await alternate(rounds, sides, settle);
  return precisions.map((precision) => {
    const subject = { job: `${name}, ${precision}`, unit };
    const compared = comparison(subject, found[precision]!, found.reference!);
    const rate = operations / compared.ours.median;
    const share = rate / Math.max(...found[peakOf(precision)]!);
    return { ...compared, figures: { "GFLOP/s": rate / 1e9, "share of the matrix product rate": share } };
  });
}
