import { join } from "node:path";
import { root, runLines } from "./programs.js";

/** The time of one operator at one size. */
export interface KernelTime {
  operator: string;
  case: string;
  dtype: string;
  microseconds: number;
  /** Of the bytes that must move, over the time. */
  gigabytesPerSecond: number;
  /** Of that, over what a copy within the device reaches. */
  shareOfCopy: number;
  /** The larger of the byte floor, at the copy's bandwidth, and the operation floor, at 60 TFLOP/s. */
  floorMicroseconds: number;
}

/** A line of `reverse_distillation_gpu_benchmark`. */
interface Line {
  operator: string;
  case: string;
  dtype: string;
  seconds: number;
  bytes: number;
  operations: number;
}

const operationsPerSecond = 60e12;

/**
 * Reads what `reverse_distillation_gpu_benchmark` prints.
 *
 * @throws Error if the copy, with which the others are compared, is not among it.
 */
export function readKernelTimes(lines: readonly string[]): KernelTime[] {
  const measured = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Line);
  const copy = measured.find(({ operator }) => operator === "copy");
  if (copy === undefined || !(copy.seconds > 0)) throw new Error("the benchmark measured no copy");
  const bandwidth = copy.bytes / copy.seconds;
  return measured.map(({ seconds, bytes, operations, ...rest }) => ({
    ...rest,
    microseconds: seconds * 1e6,
    gigabytesPerSecond: bytes / seconds / 1e9,
    shareOfCopy: bytes / seconds / bandwidth,
    floorMicroseconds: Math.max(bytes / bandwidth, operations / operationsPerSecond) * 1e6,
  }));
}

/** Measures all operators on a device. */
export async function measureKernels(
  device: string,
  { quick, timeout }: { quick: boolean; timeout: number },
): Promise<KernelTime[]> {
  const tree = device === "cpu" ? "cpu" : "cuda";
  const lines: string[] = [];
  const program = join(root, ".build", tree, "reverse_distillation_gpu_benchmark");
  await runLines(program, [device, ...(quick ? ["--quick"] : [])], (line) => lines.push(line), { timeout });
  return readKernelTimes(lines);
}
