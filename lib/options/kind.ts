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
 * A kind of value that options can have: how it is checked, and how it reads as text.
 *
 * `T` is what a checked value is, `Given` what a caller may pass for it.
 */
export interface Kind<T, Given = T> {
  /** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
  check(name: string, value: unknown): T;
  /**
   * The value that a command-line argument stands for. It looks at the form alone: what is allowed is for `check`, which
   * every caller goes through. What it throws says what is wrong with the form. Absent if the command line has no such
   * values.
   */
  parse?(text: string): unknown;
  /** A value in words, as `inspect` prints it. */
  format(value: T): string;
  /** A value as texts of flat metadata, by key. */
  entries(name: string, value: T): Record<string, string>;
  /** The value that such texts stand for, not checked. */
  fromEntries(name: string, text: (key: string) => string | undefined): unknown;
  /** The names that are allowed, if it is one of several. */
  readonly choices?: readonly string[];
  /** What stands for a value in help: "<n>". */
  readonly placeholder: string;
  /** For types alone. */
  readonly given?: Given;
}

/** Fills in what most kinds have in common: a value reads as itself, under its own name. */
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

export const bytes: Kind<number> = { ...wholeNumber(0, Number.MAX_SAFE_INTEGER), placeholder: "<bytes>" };

/** Yes or no: on the command line, a flag without a value. */
export const boolean: Kind<boolean> = kind({
  check(name, value) {
    if (typeof value === "boolean") return value;
    throw invalid(name, "true or false", value);
  },
  placeholder: "",
});

/** One or more of several names, each counted once. */
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

/** "learningRate" as metadata spells it: "learning_rate". */
function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
