import type { NodeCount } from "../operator-times.js";
import type { Speed } from "./end-to-end.js";
import type { KernelTime } from "./kernels.js";

/** A goal for GPUs in one case, and what was measured. */
export interface Goal {
  goal: string;
  value: number | "not measured";
  /** "not measured" if the value is. */
  met: boolean | "not measured";
}

/** The measurements that the goals are judged by. Empty lists mean that nothing was measured. */
export interface Measured {
  kernels: readonly KernelTime[];
  speeds: readonly Speed[];
  nodes: readonly NodeCount[];
}

const backbones = ["resnet18", "wide_resnet50_2"] as const;

/** What `train` and `Detector.load` choose on a GPU. */
const chosen = "bfloat16";

/** Eager PyTorch with its default settings. */
const asItComes = "tf32";

const notMeasured = "not measured";

function judge(goal: string, value: number | undefined, isMet: (value: number) => boolean): Goal {
  if (value === undefined || !Number.isFinite(value)) return { goal, value: notMeasured, met: notMeasured };
  return { goal, value, met: isMet(value) };
}

const atLeast = (limit: number) => (value: number) => value >= limit;
const atMost = (limit: number) => (value: number) => value <= limit;

/** Judges the goals. */
export function judgeGoals({ kernels, speeds, nodes }: Measured): Goal[] {
  const kernel = (operator: string, size: string, dtype: string): KernelTime | undefined =>
    kernels.find((time) => time.operator === operator && time.case === size && time.dtype === dtype);
  const speed = (side: Speed["side"], backbone: string, precision: string): Speed | undefined =>
    speeds.find((one) => one.side === side && one.backbone === backbone && one.precision === precision);
  const ratio = (
    kind: "latencySeconds" | "imagesPerSecond" | "trainingImagesPerSecond",
    backbone: string,
    [own, reference]: readonly [string, string],
  ): number | undefined => {
    const [here, there] = [speed("addon", backbone, own), speed("python", backbone, reference)];
    return here && there && here[kind] / there[kind];
  };
  const inBatches = "batch 32";
  return [
    ...backbones.flatMap((backbone) =>
      ["float32", "bfloat16"].map((dtype) =>
        judge(
          `cosine_map reaches at least 85% of the copy's bandwidth: ${backbone}, ${dtype}, ${inBatches}`,
          kernel("cosine_map", `${backbone}, ${inBatches}`, dtype)?.shareOfCopy,
          atLeast(0.85),
        ),
      ),
    ),
    ...["anomaly_map", "anomaly_map (product)"].map((operator) =>
      judge(
        `from features to map and score takes at most 20 us: ${operator}, resnet18, batch 1`,
        kernel(operator, "resnet18, batch 1", "float32")?.microseconds,
        atMost(20),
      ),
    ),
    ...backbones.map((backbone) => {
      const limit = backbone === "resnet18" ? 55 : 120;
      return judge(
        `scoring one image is at most ${limit} kernels and copies: ${backbone}, ${chosen}`,
        nodes.find((count) => count.backbone === backbone)?.nodes,
        atMost(limit),
      );
    }),
    ...backbones.map((backbone) =>
      judge(
        `scoring one image takes at most a quarter of eager PyTorch's time as it comes: ${backbone}, ${chosen}`,
        ratio("latencySeconds", backbone, [chosen, asItComes]),
        atMost(0.25),
      ),
    ),
    ...backbones.map((backbone) =>
      judge(
        `scoring in batches of 32 is at least 2.5 times as fast as eager PyTorch as it comes: ${backbone}, ${chosen}`,
        ratio("imagesPerSecond", backbone, [chosen, asItComes]),
        atLeast(2.5),
      ),
    ),
    ...backbones.map((backbone) => {
      const limit = backbone === "resnet18" ? 2.5 : 2;
      return judge(
        `training is at least ${limit} times as fast as eager PyTorch as it comes: ${backbone}, ${chosen}`,
        ratio("trainingImagesPerSecond", backbone, [chosen, asItComes]),
        atLeast(limit),
      );
    }),
    ...backbones.map((backbone) =>
      judge(
        `training in exact float32 is at least as fast as in eager PyTorch: ${backbone}`,
        ratio("trainingImagesPerSecond", backbone, ["float32", "float32"]),
        atLeast(1),
      ),
    ),
  ];
}
