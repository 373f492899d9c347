import { readOperatorTimes, timeOperators } from "../operator-times.js";

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

const operationsPerSecond = 60e12;

/**
 * Reads what `reverse_distillation_benchmark` prints.
 *
 * @throws Error if the copy, with which the others are compared, is not among it.
 */
export function readKernelTimes(lines: readonly string[]): KernelTime[] {
  const measured = readOperatorTimes(lines);
  const copy = measured.find(({ operator }) => operator === "copy");
  if (copy === undefined || !(copy.seconds > 0)) throw new Error("the benchmark measured no copy");
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
