import { resolve } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { reading } from "../errors/reading.js";
import { oneOf, path, record } from "../errors/validate.js";
import type { Backend } from "./libtorch/inspect.js";

/** Options of {@link configureNative}. The default of each is its environment variable, then the search. */
export interface NativeOptions {
  /** The folder of LibTorch: an unpacked archive or an installed `torch` Python package. Variable: `LIBTORCH`. */
  libtorch?: string;
  /** The folder of the native addon's binaries. Variable: `REVERSE_DISTILLATION_ADDON`. */
  addon?: string;
  /**
   * Use only binaries of this kind: "cuda" for GPUs and the CPU, "cpu" for the CPU only. Variable:
   * `REVERSE_DISTILLATION_BACKEND`.
   */
  backend?: Backend;
}

/** A setting and where it comes from. */
export interface Setting<Value extends string = string> {
  value: Value;
  /** Names the source at the start of a sentence: "The variable LIBTORCH". */
  source: string;
}

/** The current settings. */
export interface NativeSettings {
  libtorch?: Setting;
  addon?: Setting;
  backend?: Setting<Backend>;
}

const variables = {
  libtorch: "LIBTORCH",
  addon: "REVERSE_DISTILLATION_ADDON",
  backend: "REVERSE_DISTILLATION_BACKEND",
} as const satisfies Record<keyof NativeOptions, string>;

const backends = ["cpu", "cuda"] as const;

interface State {
  options: NativeOptions;
  opened: boolean;
}

/** The ESM and CommonJS builds of this package share their state, since a thread opens the addon once. */
const key = Symbol.for("reverse-distillation.native");
const state = ((globalThis as { [key]?: State })[key] ??= { options: {}, opened: false });

/**
 * Chooses the LibTorch and the native addon for this thread. Call it before training or loading anything. Options
 * override environment variables. Each worker thread has its own settings.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if a value is invalid or the addon is already loaded: a process
 *   cannot switch to another LibTorch.
 */
export function configureNative(options: NativeOptions): void {
  record("options", options, Object.keys(variables));
  const given = reading("options", () => ({ ...options }));
  for (const name of ["libtorch", "addon"] as const) if (given[name] !== undefined) path(name, given[name]);
  if (given.backend !== undefined) oneOf("backend", given.backend, backends);
  if (state.opened)
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      "configureNative() was called too late: the native addon is already loaded and cannot be changed. " +
        "Call it before training or loading anything.",
    );
  state.options = given;
}

/** Fixes the settings while the addon is opened and after that: {@link configureNative} throws. */
export function fixSettings(fixed: boolean): void {
  state.opened = fixed;
}

/** The settings from {@link configureNative} or else from the environment, with absolute paths. */
export function nativeSettings(env: NodeJS.ProcessEnv = process.env): NativeSettings {
  const setting = (name: keyof NativeOptions): Setting | undefined => {
    const chosen = state.options[name];
    if (chosen !== undefined) return { value: chosen, source: `The option ${name} of configureNative()` };
    const value = env[variables[name]];
    return value ? { value, source: `The variable ${variables[name]}` } : undefined;
  };
  const folder = (name: keyof NativeOptions): Setting | undefined => {
    const found = setting(name);
    return found && { ...found, value: resolve(found.value) };
  };
  const chosen = setting("backend");
  return {
    libtorch: folder("libtorch"),
    addon: folder("addon"),
    backend: chosen && { ...chosen, value: oneOf(chosen.source, chosen.value, backends) },
  };
}
