import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { ReverseDistillationError } from "./error.js";

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
  const text = inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 6, maxStringLength: 80 });
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

/** Checks for an object that has no keys other than the allowed ones. */
export function record(name: string, value: unknown, allowed: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(name, "an object", value);
  const unknown = Object.keys(value).find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${name} has an unknown key ${JSON.stringify(unknown)}; allowed keys: ${allowed.join(", ")}.`,
    );
  }
  return value as Record<string, unknown>;
}

export function abortSignal(name: string, value: unknown): AbortSignal {
  const signal = value as AbortSignal | null;
  if (typeof signal?.aborted === "boolean" && typeof signal.addEventListener === "function") return signal;
  throw invalid(name, "an AbortSignal", value);
}

export function callback(name: string, value: unknown): (...values: never[]) => unknown {
  if (typeof value === "function") return value as (...values: never[]) => unknown;
  throw invalid(name, "a function", value);
}

/** Checks for a path or a `file:` URL, and returns it as a path. */
export function path(name: string, value: unknown): string {
  if (value instanceof URL && value.protocol === "file:") {
    try {
      return fileURLToPath(value);
    } catch {
      throw invalid(name, "a path or a file: URL", value.href);
    }
  }
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
  throw invalid(name, "a path or a file: URL", value instanceof URL ? value.href : value);
}
