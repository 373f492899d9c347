import type { Precision } from "../../lib/options/precision.js";
import { alternate, comparison, settle, type Comparison, type Run } from "./compare.js";
import type { Workload } from "./workload.js";

/** A job that is done here in some precisions, and there in float32. */
interface Job {
  name: string;
  unit: string;
  /** Floating-point operations. */
  operations: number;
  ours: Record<Precision, Run>;
  reference: Run;
}

/**
 * Compares a job in each precision with the same runs of the reference. The figures are the rate of operations, and
 * its share of what a large matrix product in that precision reaches: the best of the products in between.
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
    return { ...compared, figures: { "GFLOP/s": rate / 1e9, "share of the matrix product's": share } };
  });
}
