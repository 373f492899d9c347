import {
  abortSignal,
  callback as checkCallback,
  integer,
  invalid,
  oneOf,
  path as checkPath,
  positive,
} from "../errors/validate.js";

/**
 * A kind of option value: how it is checked, and how it is written as text.
 *
 * `T` is the type of a checked value, `Given` the type of what a caller may pass.
 */
export interface Kind<T, Given = T> {
  /** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
  check(name: string, value: unknown): T;
  /**
   * Converts a command-line argument to a value. It throws an `Error` if the text is malformed; `check` decides whether
   * the value is allowed. Absent if such values cannot be given on the command line.
   */
  parse?(text: string): unknown;
  /** Formats a value as `inspect` prints it. */
  format(value: T): string;
  /** Writes a value as flat metadata: texts by key. */
  entries(name: string, value: T): Record<string, string>;
  /** Reads a value from flat metadata, without checking it. */
  fromEntries(name: string, text: (key: string) => string | undefined): unknown;
  /** The allowed names, if the value is one of several names. */
  readonly choices?: readonly string[];
  /** The placeholder for a value in help texts, such as "<n>". */
  readonly placeholder: string;
  /** Carries the type `Given`; never set. */
  readonly given?: Given;
}

/**
 * Fills in what most kinds have in common: one metadata entry, named after the option, that holds the value as text.
 */
export function kind<T, Given = T>(
  own: Pick<Kind<T, Given>, "check" | "placeholder"> & Partial<Kind<T, Given>>,
): Kind<T, Given> {
  const format = own.format ?? String;
  return {
    entries: (name, value) => ({ [snakeCase(name)]: format(value) }),
    fromEntries(name, text) {
      const found = text(snakeCase(name));
      return found === undefined ? undefined : (own.parse?.(found) ?? found);
    },
    ...own,
    format,
  };
}

/**
 * A value that may be absent. Metadata have it as JSON under the option's own name, or not at all.
 *
 * @param absent What `inspect` prints if there is none.
 */
export function orAbsent<T, Given>(present: Kind<T, Given>, absent: string): Kind<T | undefined> {
  return kind({
    check: (name, value) => (value === undefined ? undefined : present.check(name, value)),
    format: (value) => (value === undefined ? absent : present.format(value)),
    entries: (name, value): Record<string, string> =>
      value === undefined ? {} : { [name]: JSON.stringify(value) },
    fromEntries(name, text) {
      const found = text(name);
      return found === undefined ? undefined : (JSON.parse(found) as unknown);
    },
    placeholder: present.placeholder,
  });
}

/** One of several names. */
export function choice<const T extends string>(choices: readonly T[]): Kind<T> {
  return kind({
    check: (name, value) => oneOf(name, value, choices),
    parse: (text) => text,
    choices,
    placeholder: "<name>",
  });
}

export function wholeNumber(min: number, max: number): Kind<number> {
  return kind({
    check: (name, value) => integer(name, value, min, max),
    parse: parseNumber,
    placeholder: "<n>",
  });
}

/** A number above 0. */
export function positiveNumber(max: number): Kind<number> {
  return kind({
    check: (name, value) => positive(name, value, max),
    parse: parseNumber,
    placeholder: "<number>",
  });
}

export function numberFrom(min: number, max: number): Kind<number> {
  return kind({
    check(name, value) {
      if (typeof value === "number" && value >= min && value <= max) return value;
      throw invalid(name, `a number from ${min} to ${max}`, value);
    },
    parse: parseNumber,
    placeholder: "<number>",
  });
}

export const bytes: Kind<number> = { ...wholeNumber(0, Number.MAX_SAFE_INTEGER), placeholder: "<bytes>" };

/** True or false; on the command line, a flag without a value. */
export const boolean: Kind<boolean> = kind({
  check(name, value) {
    if (typeof value === "boolean") return value;
    throw invalid(name, "true or false", value);
  },
  placeholder: "",
});

/** One or more of several names, without duplicates. */
export function someOf<const T extends string>(names: readonly T[]): Kind<T[], readonly T[]> {
  return kind({
    check(name, value) {
      if (!Array.isArray(value) || value.length === 0)
        throw invalid(name, `a list of ${names.join(", ")}`, value);
      return [...new Set(value.map((item: unknown, index) => oneOf(`${name}[${index}]`, item, names)))];
    },
    parse: (text) => text.split(",").map((item) => item.trim()),
    format: (value) => value.join(", "),
    placeholder: "<list>",
  });
}

/** A path, or a `file:` URL. */
export const path: Kind<string, string | URL> = kind({
  check: checkPath,
  parse: (text) => text,
  placeholder: "<file>",
});

export const signal: Kind<AbortSignal> = kind({ check: abortSignal, placeholder: "<signal>" });

export function callback<F>(): Kind<F> {
  return kind({ check: checkCallback as (name: string, value: unknown) => F, placeholder: "<function>" });
}

export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new Error("It is not a number.");
  return value;
}

/** Converts "learningRate" to "learning_rate". */
function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
