import { fileURLToPath } from "node:url";
import { ReverseDistillationError } from "./error.js";
import { inspected } from "./inspected.js";
import { reading } from "./reading.js";

/**
 * Checks for single values. Each returns the value with its type narrowed, or throws `INVALID_ARGUMENT` with the name
 * of the value, what is allowed and what was given.
 */

/** An `INVALID_ARGUMENT` error for a value that is not allowed. */
export function invalid(name: string, allowed: string, value: unknown): ReverseDistillationError {
  return new ReverseDistillationError("INVALID_ARGUMENT", `${name} must be ${allowed}; got ${show(value)}.`);
}

/** Formats a value for an error message: on one line, and shortened if it is long. */
export function show(value: unknown): string {
  const text = inspected(value, { depth: 1, breakLength: Infinity, maxArrayLength: 6, maxStringLength: 80 });
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

export function oneOf<const T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T;
  const list = allowed.map((item) => JSON.stringify(item));
  const others = list.length > 1 ? `${list.slice(0, -1).join(", ")} or ` : "";
  throw invalid(name, `${others}${list.at(-1)}`, value);
}

export function integer(name: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw invalid(name, `a whole number from ${min} to ${max}`, value);
}

export function positive(name: string, value: unknown, max: number): number {
  if (typeof value === "number" && value > 0 && value <= max) return value;
  const limit = max < Number.MAX_VALUE ? ` and at most ${max}` : "";
  throw invalid(name, `a number above 0${limit}`, value);
}

export function finite(name: string, value: unknown): number {
  if (Number.isFinite(value)) return value as number;
  throw invalid(name, "a finite number", value);
}

/** Checks for an object that has no keys other than the allowed ones. */
export function record(name: string, value: unknown, allowed: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || reading(name, () => Array.isArray(value)))
    throw invalid(name, "an object", value);
  const unknown = reading(name, () => Object.keys(value)).find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    const key = unknown.length > longestKey ? `${unknown.slice(0, longestKey)}...` : unknown;
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${name} has an unknown key ${JSON.stringify(key)}; allowed keys: ${allowed.join(", ")}.`,
    );
  }
  return value as Record<string, unknown>;
}

/** As many characters of an unknown key as a message shows. */
const longestKey = 80;

export function abortSignal(name: string, value: unknown): AbortSignal {
  const signal = value as AbortSignal | null;
  const isSignal = reading(
    name,
    () =>
      typeof signal?.aborted === "boolean" &&
      typeof signal.addEventListener === "function" &&
      typeof signal.removeEventListener === "function",
  );
  if (isSignal) return signal!;
  throw invalid(name, "an AbortSignal", value);
}

export function callback(name: string, value: unknown): (...values: never[]) => unknown {
  if (typeof value === "function") return value as (...values: never[]) => unknown;
  throw invalid(name, "a function", value);
}

/** Checks for a path or a `file:` URL, and returns it as a path. */
export function path(name: string, value: unknown): string {
  const given = reading(name, () => (value instanceof URL ? pathOf(name, value) : value));
  if (typeof given !== "string" || given === "" || given.includes("\0"))
    throw invalid(name, "a path or a file: URL", given);
  if (Buffer.byteLength(given) > longestPath)
    throw invalid(name, `a path of at most ${longestPath} bytes`, given);
  return given;
}

/** In bytes, as in Linux. */
export const longestPath = 4095;

function pathOf(name: string, url: URL): string {
  if (url.protocol === "file:") {
    try {
      return fileURLToPath(url);
    } catch {
      // It names another host, or is malformed.
    }
  }
  throw invalid(name, "a path or a file: URL", url.href);
}
