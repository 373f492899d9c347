import type { EndToEnd } from "./end-to-end.js";
import type { KernelTime } from "./kernels.js";

/** A goal for GPUs, and what was measured. */
export interface Goal {
  goal: string;
  value: number | "not measured";
  /** "not measured" if the value is. */
  met: boolean | "not measured";
}

/** The measurements that the goals are judged by. Empty lists mean that nothing was measured. */
export interface Measured {
  kernels: readonly KernelTime[];
  endToEnd: readonly EndToEnd[];
}

const notMeasured = "not measured";

function judge(goal: string, value: number | undefined, isMet: (value: number) => boolean): Goal {
  if (value === undefined || !Number.isFinite(value)) return { goal, value: notMeasured, met: notMeasured };
  return { goal, value, met: isMet(value) };
}

/** The smallest value; undefined if there are none. */
function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values);
}

/** The largest value; undefined if there are none. */
function greatest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}

/** Judges each goal by the worst relevant value. */
export function judgeGoals({ kernels, endToEnd }: Measured): Goal[] {
  const of = (operator: string, part = ""): KernelTime[] =>
    kernels.filter((time) => time.operator === operator && time.case.includes(part));
  // Compare each precision with the same precision of the reference.
  const ratios = (kind: "latencySeconds" | "imagesPerSecond" | "trainingImagesPerSecond"): number[] =>
    endToEnd.flatMap(({ addon, python }) =>
      addon.flatMap((own) => {
        const reference = python?.find(({ precision }) => precision === own.precision);
        return reference === undefined ? [] : [own[kind] / reference[kind]];
      }),
    );
  return [
    judge(
      "cosine_map reaches at least 80% of the copy bandwidth for wide_resnet50_2 at batch 32",
      least(of("cosine_map", "wide_resnet50_2, batch 32").map(({ shareOfCopy }) => shareOfCopy)),
      (value) => value >= 0.8,
    ),
    judge(
      "the fused smoothing takes at most twice its lower bound at batch 32",
      greatest(of("smooth_maps", "batch 32").map((time) => time.microseconds / time.floorMicroseconds)),
      (value) => value <= 2,
    ),
    judge(
      "computing map and score from features takes less than 20 us for one image with resnet18",
      greatest(
        of("anomaly_map", "resnet18, batch 1")
          .map(({ microseconds }) => microseconds)
          .slice(0, 1),
      ),
      (value) => value < 20,
    ),
    judge(
      "scoring one image takes at most a quarter of the time of eager Python",
      greatest(ratios("latencySeconds")),
      (value) => value <= 0.25,
    ),
    judge(
      "scoring in batches of 32 is at least 2.5 times as fast as in eager Python",
      least(ratios("imagesPerSecond")),
      (value) => value >= 2.5,
    ),
    judge(
      "training is at least 2.5 times as fast as in eager Python",
      least(ratios("trainingImagesPerSecond")),
      (value) => value >= 2.5,
    ),
  ];
}
