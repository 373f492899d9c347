import { join } from "node:path";
import { root, runLines } from "./programs.js";

/** One line of `reverse_distillation_benchmark`: an operator at one size. */
export interface OperatorTime {
  operator: string;
  case: string;
  dtype: string;
  /** Median time of a call. */
  seconds: number;
  /** Number of output values per channel. */
  positions: number;
  /** Minimum number of bytes to move. */
  bytes: number;
  /** Minimum number of operations. */
  operations: number;
}

/** Parses the output of `reverse_distillation_benchmark`, and ignores all other lines. */
export function readOperatorTimes(lines: readonly string[]): OperatorTime[] {
  return lines
    .filter((line) => line.startsWith('{"operator"'))
    .map((line) => JSON.parse(line) as OperatorTime);
}

/** The number of kernels and copies that scoring consists of. */
export interface NodeCount {
  backbone: string;
  batch: number;
  nodes: number;
}

/** Parses the output of `reverse_distillation_benchmark` on a GPU, and ignores all other lines. */
export function readNodeCounts(lines: readonly string[]): NodeCount[] {
  return lines.filter((line) => line.startsWith('{"backbone"')).map((line) => JSON.parse(line) as NodeCount);
}

/**
 * Times the operators on a device, after comparing their results with ATen's.
 *
 * @param device "cpu" or "cuda:N".
 * @param args Options of `reverse_distillation_benchmark`.
 * @param onLine Called with each line as it comes: what was measured before a failure is not lost.
 */
export async function timeOperators(
  device: string,
  args: readonly string[],
  timeout: number,
  onLine: (line: string) => void,
): Promise<void> {
  const program = join(root, ".build", device === "cpu" ? "cpu" : "cuda", "reverse_distillation_benchmark");
  await runLines(program, [device, ...args], onLine, { timeout });
}
