import type { Thresholds, Verdict } from "../calibration/thresholds.js";
import type { GraphBuilder } from "./graph.js";
import { TensorProto_DataType as DataType } from "./proto/onnx_pb.js";

/** The verdicts by the numbers that the graph gives them: how many thresholds the score reaches. */
export const verdicts: readonly Verdict[] = ["accept", "review", "reject"];

/** Adds the nodes that compute `verdict` [N], int64, from `score`. */
export function addVerdict(graph: GraphBuilder, { review, reject }: Thresholds): void {
  const reached = Object.entries({ review, reject }).map(([name, threshold]) => {
    const least = graph.constant(`${name}_threshold`, Float32Array.of(leastFloat32(threshold)), []);
    const reaches = graph.node("GreaterOrEqual", `${name}.reached`, ["score", least]);
    return graph.node("Cast", `${name}.count`, [reaches], { to: DataType.INT64 });
  });
  graph.node("Add", "verdict", reached);
}

/** The least float32 that is not below a number, so that float32 scores reach the same threshold. */
function leastFloat32(value: number): number {
  const rounded = Math.fround(value);
  if (rounded >= value) return rounded;
  const bits = new Int32Array(Float32Array.of(rounded).buffer);
  // The next float32: away from 0 if positive, towards it if negative. -0 is followed by the smallest positive one.
  if (rounded === 0) return 2 ** -149;
  bits[0]! += rounded > 0 ? 1 : -1;
  return new Float32Array(bits.buffer)[0]!;
}
