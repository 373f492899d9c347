import { resolve } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { oneOf, path, record } from "../errors/validate.js";
import type { Backend } from "./libtorch/inspect.js";

/** What {@link configureNative} takes. What is left out is for the environment to say, then for the search. */
export interface NativeOptions {
  /** The folder of a LibTorch: an unpacked archive, or an installed Python package `torch`. Variable: `LIBTORCH`. */
  libtorch?: string;
  /** The folder of the native addon's binaries. Variable: `REVERSE_DISTILLATION_ADDON`. */
  addon?: string;
  /**
   * Takes implementations of this kind alone: "cuda" ones compute on GPUs and on the CPU, "cpu" ones on
   * the CPU. Variable: `REVERSE_DISTILLATION_BACKEND`.
   */
  backend?: Backend;
}

/** A setting, and who made it. */
export interface Setting<Value extends string = string> {
  value: Value;
  /** Begins a sentence: "The variable LIBTORCH". */
  said: string;
}

/** The settings in force. */
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

/** Shared by the ESM and the CommonJS build of this package: a thread opens the addon once. */
const key = Symbol.for("reverse-distillation.native");
const state = ((globalThis as { [key]?: State })[key] ??= { options: {}, opened: false });

/**
 * Says which LibTorch and which native addon this thread is to use, before anything is computed in it.
 * Options win over the environment's variables. Each worker thread has settings of its own.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` where a value is not allowed, or the addon is
 *   open already: a process keeps the LibTorch that it began with.
 */
export function configureNative(options: NativeOptions): void {
  record("options", options, Object.keys(variables));
  for (const name of ["libtorch", "addon"] as const)
    if (options[name] !== undefined) path(name, options[name]);
  if (options.backend !== undefined) oneOf("backend", options.backend, backends);
  if (state.opened)
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      "configureNative() comes too late: the native addon is open, and stays as it is until the process ends. " +
        "Call it before anything is trained or loaded.",
    );
  state.options = { ...options };
}

/** Settles the settings: from here on {@link configureNative} refuses. */
export function markOpened(): void {
  state.opened = true;
}

/** What {@link configureNative} or else the environment says; paths are absolute. */
export function nativeSettings(env: NodeJS.ProcessEnv = process.env): NativeSettings {
  const setting = (name: keyof NativeOptions): Setting | undefined => {
    const chosen = state.options[name];
    if (chosen !== undefined) return { value: chosen, said: `The option ${name} of configureNative()` };
    const value = env[variables[name]];
    return value ? { value, said: `The variable ${variables[name]}` } : undefined;
  };
  const folder = (name: keyof NativeOptions): Setting | undefined => {
    const found = setting(name);
    return found && { ...found, value: resolve(found.value) };
  };
  const chosen = setting("backend");
  return {
    libtorch: folder("libtorch"),
    addon: folder("addon"),
    backend: chosen && { ...chosen, value: oneOf(chosen.said, chosen.value, backends) },
  };
}
