import type { OperatorTime } from "../operator-times.js";

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

/** Relates the times of operators to that of the copy, which the benchmark measures first. */
export class KernelTimes {
  #bandwidth: number | undefined;

  /** @throws Error if the copy was not measured first. */
  read({ operator, case: size, dtype, seconds, bytes, operations }: OperatorTime): KernelTime {
    if (operator === "copy") this.#bandwidth = bytes / seconds;
    const bandwidth = this.#bandwidth;
    if (bandwidth === undefined || !(bandwidth > 0))
      throw new Error("the benchmark did not measure a copy first");
    return {
      ...{ operator, case: size, dtype },
      microseconds: seconds * 1e6,
      gigabytesPerSecond: bytes / seconds / 1e9,
      shareOfCopy: bytes / seconds / bandwidth,
      floorMicroseconds: Math.max(bytes / bandwidth, operations / operationsPerSecond) * 1e6,
    };
  }
}
