import { invalid } from "../errors/validate.js";

/** Where a model computes: "auto" takes the best device present, "cuda:N" the Nth GPU. */
export type Device = "auto" | "cpu" | `cuda:${number}`;

/** Checks the form of a device's name; whether the device exists is the addon's to say. */
export function device(name: string, value: unknown): Device {
  if (typeof value === "string" && /^(auto|cpu|cuda:\d{1,3})$/.test(value)) return value as Device;
  throw invalid(name, '"auto", "cpu" or "cuda:N" with N from 0', value);
}
