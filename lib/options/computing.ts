import { invalid } from "../errors/validate.js";
import { batchingDefaults, batchingKind } from "./batching.js";
import { kind, signal, wholeNumber, type Kind } from "./kind.js";
import { option, optional, optionElse } from "./option.js";

/** Where a model computes: "auto" is the first usable GPU, or the CPU if there is none; "cuda:N" is GPU N, from 0. */
export type Device = "auto" | "cpu" | `cuda:${number}`;

/** Checks the form of the name only; the addon checks whether the device exists. */
const device: Kind<Device> = kind({
  check(name, value) {
    if (typeof value === "string" && /^(auto|cpu|cuda:\d{1,3})$/.test(value)) return value as Device;
    throw invalid(name, '"auto", "cpu" or "cuda:N" with N from 0', value);
  },
  parse: (text) => text,
  placeholder: "<name>",
});

/** Every call that can be aborted has this option. */
export const abortOptions = {
  /** Stops the call: its promise rejects with `ABORTED`, and `cause` is the signal's reason. */
  signal: optional(signal),
};

/** Where and how a detector computes. They do not change what it computes. */
export const computingOptions = {
  /**
   * Where to compute: "auto", "cpu" or "cuda:N". "auto" is the first GPU that the addon can use, or the CPU.
   * @defaultValue "auto"
   */
  device: option(device, { default: "auto", help: "where to compute: auto, cpu or cuda:N" }),
  /**
   * Number of threads to compute on.
   * @defaultValue one per core
   */
  threads: optionElse(wholeNumber(1, 1024), {
    // LibTorch chooses.
    otherwise: () => 0,
    defaultText: "one per core",
    help: "number of threads to compute on",
  }),
  /**
   * How concurrent calls of `score` are batched.
   * @defaultValue the defaults of its own options
   */
  batching: optionElse(batchingKind, {
    otherwise: () => ({ ...batchingDefaults }),
    defaultText: "the defaults of its own options",
  }),
};
