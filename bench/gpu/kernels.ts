import { readOperatorTimes, timeOperators } from "../operator-times.js";

/** The time of an operator at one size. */
export interface KernelTime {
  operator: string;
  case: string;
  dtype: string;
  microseconds: number;
  /** The minimum number of bytes to move, divided by the time. */
  gigabytesPerSecond: number;
  /** That bandwidth, relative to the bandwidth of a copy within the device. */
  shareOfCopy: number;
  /** Lower bound of the time: moving the bytes at the copy's bandwidth, or computing at 60 TFLOP/s. */
  floorMicroseconds: number;
}

const operationsPerSecond = 60e12;

/**
 * Reads the output of `reverse_distillation_benchmark`.
 *
 * @throws Error if it does not include the copy, which the other times are compared with.
 */
export function readKernelTimes(lines: readonly string[]): KernelTime[] {
  const measured = readOperatorTimes(lines);
  const copy = measured.find(({ operator }) => operator === "copy");
  if (copy === undefined || !(copy.seconds > 0)) throw new Error("the benchmark did not measure a copy");
  const bandwidth = copy.bytes / copy.seconds;
  return measured.map(({ operator, case: size, dtype, seconds, bytes, operations }) => ({
    ...{ operator, case: size, dtype },
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
  return readKernelTimes(await timeOperators(device, quick ? ["--quick"] : [], timeout));
}
