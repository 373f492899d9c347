import type { Addon, Precision } from "./native/addon.js";
import { resolvePrecision, type ScoringPrecision } from "./precision.js";
import { invalid } from "./validate.js";

/** Where a model computes: "auto" takes the best device present, "cuda:N" the Nth GPU. */
export type Device = "auto" | "cpu" | `cuda:${number}`;

/** Checks the form of a device's name; whether the device exists is the addon's to say. */
export function device(name: string, value: unknown): Device {
  if (typeof value === "string" && /^(auto|cpu|cuda:\d{1,3})$/.test(value)) return value as Device;
  throw invalid(name, '"auto", "cpu" or "cuda:N" with N from 0', value);
}

/** Where a model computes, and in what precision. */
export interface Place {
  /** "cpu" or "cuda:N". */
  device: string;
  precision: Precision;
}

/**
 * The place that the options stand for: the device of "auto" is the first GPU that the addon can compute on, else
 * the CPU.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for a precision that the device does not have.
 */
export function resolvePlace(addon: Addon, device: Device, precision: ScoringPrecision): Place {
  const best = addon.info().cudaDevices > 0 ? "cuda:0" : "cpu";
  const name = device === "auto" ? best : device;
  return { device: name, precision: resolvePrecision(addon, name, precision) };
}
