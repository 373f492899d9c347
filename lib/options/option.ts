import { reading } from "../errors/reading.js";
import { record } from "../errors/validate.js";
import type { Kind } from "./kind.js";

/**
 * An option, declared once. Everything else derives from the declaration: types and their documentation (the comment
 * before it), the check and its message, the command-line flag and its help, what model files and exports store, the
 * lines of `inspect`, and the tables in docs/.
 *
 * `T` is the type of a checked value, `Given` of what a caller may pass, `Left` of an option that is left out, and
 * `Stored` of what a model file contains.
 */
export interface Option<T = unknown, Given = unknown, Left = unknown, Stored = unknown> {
  readonly kind: Kind<T, Given>;
  /** The default, in the form that a caller would give it. */
  readonly default?: Given;
  /** Computes the default, if it is not a constant. */
  readonly otherwise?: () => Left;
  readonly required?: boolean;
  /** Describes the default, if it is not a constant. */
  readonly defaultText?: string;
  /** One line of help. Without it, the option is not on the command line. */
  readonly help?: string;
  /** The letter of a short flag. */
  readonly short?: string;
  /** The placeholder in help texts, if it should differ from the kind's: "<pixels>". */
  readonly placeholder?: string;
  /** The unit of the value, for `inspect`. */
  readonly unit?: string;
  /** The kind of the stored value, if it differs: for `epochs: "auto"`, a model file stores the number of epochs. */
  readonly stored?: Kind<Stored>;
  /**
   * The first version of the model format that stores the option. Default 1. Older files mean the default, or no value at
   * all if `stored` is a kind of its own.
   */
  readonly since?: number;
  /** What files older than `since` mean, if the default has changed since then. */
  readonly formerly?: Given;
}

export interface DefaultedOption<T, Given, Stored> extends Option<T, Given, T, Stored> {
  readonly default: Given;
}

export interface RequiredOption<T, Given> extends Option<T, Given, never, T> {
  readonly required: true;
}

type Words<Given> = Pick<Option, "defaultText" | "help" | "short" | "placeholder" | "unit" | "since"> & {
  formerly?: NoInfer<Given>;
};

/** An option whose default is a constant. */
export function option<T, Given = T, Stored = T>(
  kind: Kind<T, Given>,
  declared: { default: NoInfer<Given>; stored?: Kind<Stored> } & Words<Given>,
): DefaultedOption<T, Given, Stored> {
  return { kind, ...declared };
}

/** An option whose default is computed; `defaultText` describes it. */
export function optionElse<T, Given = T>(
  kind: Kind<T, Given>,
  declared: { otherwise: () => NoInfer<T> } & Words<Given>,
): Option<T, Given, T, T> {
  return { kind, ...declared };
}

/** An option without a default: undefined if it is left out. */
export function optional<T, Given = T, Stored = T>(
  kind: Kind<T, Given>,
  declared: { stored?: Kind<Stored> } & Words<Given> = {},
): Option<T, Given, undefined, Stored> {
  return { kind, ...declared };
}

/** An option that must be given. */
export function required<T, Given = T>(
  kind: Kind<T, Given>,
  declared: Words<Given> = {},
): RequiredOption<T, Given> {
  return { kind, required: true, ...declared };
}

/** Options by name. */
export type Declarations = Readonly<Record<string, Option>>;

/** What callers pass; editors show the comments of the declarations on its properties. */
export type GivenOptions<D extends Declarations> = {
  [Name in keyof D as D[Name] extends { required: true } ? Name : never]: GivenOf<D[Name]>;
} & {
  [Name in keyof D as D[Name] extends { required: true } ? never : Name]?: GivenOf<D[Name]>;
};

/** The options after checking, with the defaults filled in. */
export type ResolvedOptions<D extends Declarations> = { -readonly [Name in keyof D]: ResolvedOf<D[Name]> };

/** What a model file stores of the options. Those that may have no value are absent then. */
export type StoredOptions<D extends Declarations> = {
  -readonly [Name in keyof D as undefined extends StoredOf<D[Name]> ? never : Name]: StoredOf<D[Name]>;
} & {
  -readonly [Name in keyof D as undefined extends StoredOf<D[Name]> ? Name : never]?: StoredOf<D[Name]>;
};

/** The defaults that are constants. */
export type DefaultOptions<D extends Declarations> = {
  readonly [Name in keyof D as D[Name] extends { default: unknown } ? Name : never]: GivenOf<D[Name]>;
};

type GivenOf<O> = O extends Option<unknown, infer Given> ? Given : never;
type ResolvedOf<O> = O extends Option<infer T, unknown, infer Left> ? T | Left : never;
type StoredOf<O> = O extends Option<unknown, unknown, unknown, infer Stored> ? Stored : never;

/**
 * Checks every option and fills in the defaults. An undefined option counts as left out.
 *
 * @param name What messages call the object.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given.
 */
export function resolveOptions<D extends Declarations>(
  declarations: D,
  options: unknown,
  name = "options",
): ResolvedOptions<D> {
  const given = record(name, options, Object.keys(declarations));
  const prefix = name === "options" ? "" : `${name}.`;
  const resolved = Object.entries(declarations).map(([key, declared]) => [
    key,
    reading(prefix + key, () => resolveOption(declared, prefix + key, given[key])),
  ]);
  return Object.fromEntries(resolved) as ResolvedOptions<D>;
}

function resolveOption(declared: Option, name: string, given: unknown): unknown {
  const value = given === undefined ? declared.default : given;
  if (value !== undefined || declared.required) return declared.kind.check(name, value);
  return declared.otherwise?.();
}

/** The defaults that are constants, as a caller would give them. */
export function defaultsOf<D extends Declarations>(declarations: D): DefaultOptions<D> {
  const constant = Object.entries(declarations).filter(([, declared]) => declared.default !== undefined);
  return Object.freeze(
    Object.fromEntries(constant.map(([name, declared]) => [name, declared.default])),
  ) as DefaultOptions<D>;
}

/**
 * Reads the options from a model file. A file must contain every option that version 1 of the format has; it may leave newer
 * ones out, if their values are those that older readers assume.
 *
 * @param value The stored values by name. Other names are ignored; the caller checks them.
 * @param version The version of the file's format.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option that is wrong.
 */
export function readStored<D extends Declarations>(
  declarations: D,
  value: Record<string, unknown>,
  version: number,
): StoredOptions<D> {
  return present(
    Object.entries(declarations).map(([name, declared]) => {
      const found = (declared.since ?? 1) > version ? undefined : value[name];
      return [name, storedKind(declared).check(name, meantBy(found, declared))];
    }),
  );
}

/** What a stored value stands for. An option that is missing has the value that it had before it could be stored. */
function meantBy(found: unknown, declared: Option): unknown {
  return found === undefined && declared.since !== undefined ? beforeSince(declared) : found;
}

/** The value of an option that an older file stands for, before it is checked. */
function beforeSince({ default: constant, formerly = constant, stored }: Option): unknown {
  return stored === undefined ? formerly : undefined;
}

function storedKind({ stored, kind }: Option): Kind<unknown> {
  return stored ?? kind;
}

/** The options that have a value. */
function present<D extends Declarations>(
  entries: (readonly [name: string, value: unknown])[],
): StoredOptions<D> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as StoredOptions<D>;
}

/** The lowest version of the format that can store these values. */
export function neededVersion(declarations: Declarations, values: Record<string, unknown>): number {
  const needed = Object.entries(declarations).map(([name, declared]) => {
    const meant = storedKind(declared);
    const same = () =>
      JSON.stringify(meant.check(name, beforeSince(declared))) === JSON.stringify(values[name]);
    return declared.since === undefined || same() ? 1 : declared.since;
  });
  return Math.max(1, ...needed);
}

/** The names of the options that a file of this version contains. */
export function storedNames(declarations: Declarations, version: number): string[] {
  return Object.keys(declarations).filter((name) => (declarations[name]!.since ?? 1) <= version);
}

/** Writes the options as flat metadata, in the order of their declarations. */
export function toEntries<D extends Declarations>(
  declarations: D,
  values: { readonly [Name in keyof D]?: unknown },
): Record<string, string> {
  const all = Object.entries(declarations).map(([name, declared]) =>
    storedKind(declared).entries(name, values[name]),
  );
  return Object.assign({}, ...all) as Record<string, string>;
}

/**
 * Reads what {@link toEntries} wrote.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option that is missing or invalid.
 */
export function readEntries<D extends Declarations>(
  declarations: D,
  texts: ReadonlyMap<string, string>,
): StoredOptions<D> {
  return present(
    Object.entries(declarations).map(([name, declared]) => {
      const kind = storedKind(declared);
      const found = kind.fromEntries(name, (key) => texts.get(key));
      return [name, kind.check(name, meantBy(found, declared))];
    }),
  );
}

/** The highest `since` of the options. */
export function newestVersion(...all: readonly Declarations[]): number {
  return Math.max(...all.flatMap(Object.values).map((declared: Option) => declared.since ?? 1));
}

/** The declarations except those with the given names. */
export function omitOptions<D extends Declarations, Name extends keyof D>(
  declarations: D,
  ...names: readonly Name[]
): Omit<D, Name> {
  const kept = Object.entries(declarations).filter(([name]) => !names.includes(name as Name));
  return Object.fromEntries(kept) as unknown as Omit<D, Name>;
}

/** The values that belong to the declared options. */
export function pickOptions<D extends Declarations, V extends Record<keyof D, unknown>>(
  declarations: D,
  values: V,
): Pick<V, keyof D> {
  return Object.fromEntries(
    Object.keys(declarations).map((name) => [name, values[name as keyof D]]),
  ) as unknown as Pick<V, keyof D>;
}
