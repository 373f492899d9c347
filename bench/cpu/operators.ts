import { readOperatorTimes, timeOperators, type OperatorTime } from "../operator-times.js";
import { comparison, settle, type Comparison } from "./compare.js";
import type { Effort } from "./effort.js";
import { imageSize, type Workload } from "./workload.js";

/** What the reference has as well. `anomaly_map` is all of them, from features to the map and its maximum. */
const operators = ["cosine_map", "upsample_sum", "gaussian_blur", "anomaly_map"] as const;
type Operator = (typeof operators)[number];

/** The operators from features to the map and its maximum, for one image, in float32. */
export async function compareOperators(workload: Workload, { rounds }: Effort): Promise<Comparison[]> {
  const { backbone } = workload;
  const args = ["--backbone", backbone, "--batch", "1", "--repetitions", "1"];
  const found: Record<"ours" | "reference", (operator: Operator) => number>[] = [];
  const works = new Map<Operator, OperatorTime>();
  for (let round = -1; round < rounds; round++) {
    for (const time of readOperatorTimes(await timeOperators("cpu", args, 60_000))) {
      if (time.dtype === "float32") works.set(time.operator as Operator, time);
    }
    const ours = new Map([...works].map(([operator, { seconds }]) => [operator, seconds]));
    await settle();
    const request = { job: "maps", backbone, size: imageSize };
    const reference = await workload.reference.request<{ seconds: Record<Operator, number> }>(request);
    await settle();
    found.push({
      ours: (operator) => ours.get(operator)!,
      reference: (operator) => reference.seconds[operator],
    });
  }
  return operators.map((operator) => {
    const of = (side: "ours" | "reference") => found.slice(1).map((round) => round[side](operator));
    const subject = { job: `${operator}, ${backbone}'s features`, unit: "an image" };
    const compared = comparison(subject, of("ours"), of("reference"));
    const { positions, bytes } = works.get(operator)!;
    const nanoseconds = compared.ours.median * 1e9;
    return {
      ...compared,
      figures: { "ns a position": nanoseconds / positions, "GB/s": bytes / nanoseconds },
    };
  });
}
