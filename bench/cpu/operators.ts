import { readOperatorTimes, timeOperators, type OperatorTime } from "../operator-times.js";
import { comparison, settle, type Comparison } from "./compare.js";
import type { Effort } from "./effort.js";
import { imageSize, type Workload } from "./workload.js";

/** Operators that the reference also has. `anomaly_map` is all of them, from features to the map and its maximum. */
const operators = ["cosine_map", "upsample_sum", "gaussian_blur", "anomaly_map"] as const;
type Operator = (typeof operators)[number];

/** Compares the operators from features to the map and its maximum, for one image, in float32. */
export async function compareOperators(workload: Workload, { rounds }: Effort): Promise<Comparison[]> {
  const { backbone } = workload;
  const args = ["--backbone", backbone, "--batch", "1", "--repetitions", "1"];
  const ours: Map<string, OperatorTime>[] = [];
  const reference: Record<Operator, number>[] = [];
  for (let round = 0; round < rounds; round++) {
    const times: OperatorTime[] = [];
    await timeOperators("cpu", args, 60_000, (line) => times.push(...readOperatorTimes([line])));
    ours.push(new Map(times.filter(({ dtype }) => dtype === "float32").map((time) => [time.operator, time])));
    await settle();
    const request = { job: "maps", backbone, size: imageSize };
    const { seconds } = await workload.reference.request<{ seconds: Record<Operator, number> }>(request);
    reference.push(seconds);
    await settle();
  }
  return operators.map((operator) => {
    const subject = { job: `${operator}, ${backbone}'s features`, unit: "per image" };
    const compared = comparison(
      subject,
      ours.map((times) => times.get(operator)!.seconds),
      reference.map((seconds) => seconds[operator]),
    );
    const { positions, bytes } = ours[0]!.get(operator)!;
    const nanoseconds = compared.ours.median * 1e9;
    return {
      ...compared,
      figures: { "ns per position": nanoseconds / positions, "GB/s": bytes / nanoseconds },
    };
  });
}
