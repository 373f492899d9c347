import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { comparison, type Comparison } from "./compare.js";
import type { Effort } from "./effort.js";
import { imageSize, type Workload } from "./workload.js";

const program = fileURLToPath(new URL("../../.build/cpu/reverse_distillation_benchmark", import.meta.url));

const steps = ["cosine_map", "upsample_sum", "blur_and_maximum", "all"] as const;
type Step = (typeof steps)[number];
type Seconds = Record<Step, number>;

/** The operators from features to the map and its maximum, for one image. */
export async function compareOperators(workload: Workload, { rounds }: Effort): Promise<Comparison[]> {
  if (!existsSync(program)) {
    throw new Error(`${program} is missing: npm run bench builds it.`);
  }
  const expansion = ["resnet18", "resnet34"].includes(workload.backbone) ? 1 : 4;
  const found: { ours: Seconds; reference: Seconds }[] = [];
  for (let round = -1; round < rounds; round++) {
    const { stdout } = await promisify(execFile)(program, [String(expansion), String(imageSize), "20"]);
    const request = { job: "maps", backbone: workload.backbone, size: imageSize };
    const { seconds } = await workload.reference.request<{ seconds: Seconds }>(request);
    found.push({ ours: JSON.parse(stdout) as Seconds, reference: seconds });
  }
  const work = workOf(expansion);
  return steps.map((step) => {
    const of = (side: "ours" | "reference") => found.slice(1).map((round) => round[side][step]);
    const subject = { job: `${step}, ${workload.backbone}'s features`, unit: "an image" };
    const compared = comparison(subject, of("ours"), of("reference"));
    const { positions, bytes } = work[step];
    const nanoseconds = compared.ours.median * 1e9;
    return {
      ...compared,
      figures: { "ns a position": nanoseconds / positions, "GB/s": bytes / nanoseconds },
    };
  });
}

/** Positions of an operator's output, and the bytes that it must read and write, in float32. */
function workOf(expansion: number): Record<Step, { positions: number; bytes: number }> {
  const scales = [0, 1, 2].map((k) => ({
    channels: (64 << k) * expansion,
    positions: (imageSize >> (k + 2)) ** 2,
  }));
  const sum = (of: (scale: (typeof scales)[number]) => number) =>
    scales.reduce((total, each) => total + of(each), 0);
  const small = sum(({ positions }) => positions);
  const large = imageSize ** 2;
  const features = 2 * sum(({ channels, positions }) => channels * positions);
  return {
    cosine_map: { positions: small, bytes: 4 * (features + small) },
    upsample_sum: { positions: large, bytes: 4 * (small + large) },
    blur_and_maximum: { positions: large, bytes: 4 * (large + large) },
    all: { positions: large, bytes: 4 * (features + large) },
  };
}
