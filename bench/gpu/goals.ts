import type { EndToEnd } from "./end-to-end.js";
import type { KernelTime } from "./kernels.js";

/** What is wanted of a GPU, and what was measured. */
export interface Goal {
  goal: string;
  value: number | "not measured";
  /** "not measured" where the value is. */
  met: boolean | "not measured";
}

/** What the goals are judged by: empty lists where nothing was measured. */
export interface Measured {
  kernels: readonly KernelTime[];
  endToEnd: readonly EndToEnd[];
}

const notMeasured = "not measured";

function judge(goal: string, value: number | undefined, isMet: (value: number) => boolean): Goal {
  if (value === undefined || !Number.isFinite(value)) return { goal, value: notMeasured, met: notMeasured };
  return { goal, value, met: isMet(value) };
}

/** The least of the values; undefined of none. */
function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values);
}

function greatest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}

/** The goals, judged by the worst of the values that they are about. */
export function judgeGoals({ kernels, endToEnd }: Measured): Goal[] {
  const of = (operator: string, part = ""): KernelTime[] =>
    kernels.filter((time) => time.operator === operator && time.case.includes(part));
  // Like with like: each precision against the reference's own.
  const ratios = (kind: "latencySeconds" | "imagesPerSecond" | "trainingImagesPerSecond"): number[] =>
    endToEnd.flatMap(({ addon, python }) =>
      addon.flatMap((own) => {
        const reference = python?.find(({ precision }) => precision === own.precision);
        return reference === undefined ? [] : [own[kind] / reference[kind]];
      }),
    );
  return [
    judge(
      "cosine_map reaches at least 80% of the copy's bandwidth for wide_resnet50_2 at batch 32",
      least(of("cosine_map", "wide_resnet50_2, batch 32").map(({ shareOfCopy }) => shareOfCopy)),
      (value) => value >= 0.8,
    ),
    judge(
      "the fused smoothing takes at most twice its floor at batch 32",
      greatest(of("smooth_maps", "batch 32").map((time) => time.microseconds / time.floorMicroseconds)),
      (value) => value <= 2,
    ),
    judge(
      "from features to map and score takes at most 20 us for one image of resnet18",
      greatest(
        of("anomaly_map", "resnet18, batch 1")
          .map(({ microseconds }) => microseconds)
          .slice(0, 1),
      ),
      (value) => value < 20,
    ),
    judge(
      "an image's score takes at most a quarter of eager Python's time",
      greatest(ratios("latencySeconds")),
      (value) => value <= 0.25,
    ),
    judge(
      "scoring in batches of 32 is at least 2.5 times as fast as eager Python's",
      least(ratios("imagesPerSecond")),
      (value) => value >= 2.5,
    ),
    judge(
      "training is at least 2.5 times as fast as eager Python's",
      least(ratios("trainingImagesPerSecond")),
      (value) => value >= 2.5,
    ),
  ];
}
