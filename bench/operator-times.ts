import { join } from "node:path";
import { root, runLines } from "./programs.js";

/** A line of `reverse_distillation_benchmark`: one operator at one size. */
export interface OperatorTime {
  operator: string;
  case: string;
  dtype: string;
  /** Median of one call. */
  seconds: number;
  /** Values that it gives a channel. */
  positions: number;
  /** That must move at least. */
  bytes: number;
  /** That must be done at least. */
  operations: number;
}

/** What `reverse_distillation_benchmark` printed, whatever else is between it. */
export function readOperatorTimes(lines: readonly string[]): OperatorTime[] {
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as OperatorTime);
}

/**
 * Times the operators on a device; they are compared with ATen's before.
 *
 * @param device "cpu" or "cuda:N".
 * @param args Options of `reverse_distillation_benchmark`.
 */
export async function timeOperators(
  device: string,
  args: readonly string[],
  timeout: number,
): Promise<string[]> {
  const program = join(root, ".build", device === "cpu" ? "cpu" : "cuda", "reverse_distillation_benchmark");
  const lines: string[] = [];
  await runLines(program, [device, ...args], (line) => lines.push(line), { timeout });
  return lines;
}
