import { invalid } from "../errors/validate.js";
import { batchingDefaults, batchingKind } from "./batching.js";
import { kind, signal, wholeNumber, type Kind } from "./kind.js";
import { option, optional, optionElse } from "./option.js";

/** Where a model computes: "auto" picks the best device present, "cuda:N" is the Nth GPU. */
export type Device = "auto" | "cpu" | `cuda:${number}`;

/** The form of a device's name; whether the device exists is for the addon to say. */
const device: Kind<Device> = kind({
  check(name, value) {
    if (typeof value === "string" && /^(auto|cpu|cuda:\d{1,3})$/.test(value)) return value as Device;
    throw invalid(name, '"auto", "cpu" or "cuda:N" with N from 0', value);
  },
  parse: (text) => text,
  placeholder: "<name>",
});

/** The signal that stops a call. */
export const abortOptions = {
  /** Stops the work: the promise rejects with `ABORTED`, and `cause` is the signal's reason. */
  signal: optional(signal),
};

/** Where and how a detector computes, whatever it computes. */
export const computingOptions = {
  /**
   * "auto", "cpu" or "cuda:N". "auto" picks the best device that the addon can compute on.
   * @defaultValue "auto"
   */
  device: option(device, { default: "auto", help: "auto, cpu or cuda:N" }),
  /**
   * Number of threads that compute.
   * @defaultValue one per core
   */
  threads: optionElse(wholeNumber(1, 1024), {
    // LibTorch chooses.
    otherwise: () => 0,
    defaultText: "one per core",
    help: "number of threads that compute",
  }),
  /**
   * How calls of `score` are batched.
   * @defaultValue \{\}
   */
  batching: optionElse(batchingKind, { otherwise: () => ({ ...batchingDefaults }), defaultText: "{}" }),
};
