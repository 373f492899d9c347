import { record } from "../errors/validate.js";
import type { Kind } from "./kind.js";

/**
 * An option, declared once. From its declaration come the types with their documentation (the comment before it), the
 * check and its message, the flag of the command line and its help, what model files and exports store, the lines of
 * `inspect`, and the tables in docs/.
 *
 * `T` is a checked value, `Given` what a caller may pass, `Left` what the option is if it is left out, and `Stored` what
 * a model file holds.
 */
export interface Option<T = unknown, Given = unknown, Left = unknown, Stored = unknown> {
  readonly kind: Kind<T, Given>;
  /** The value of an option that is left out, as a caller would give it. */
  readonly default?: Given;
  /** Works that value out, where it is no constant. */
  readonly otherwise?: () => Left;
  readonly required?: boolean;
  /** The default in words, if it is no constant. */
  readonly defaultText?: string;
  /** One line of help. The command line has no option without it. */
  readonly help?: string;
  /** The letter of a short flag. */
  readonly short?: string;
  /** What stands for the value in help, if the kind's own says too little: "<pixels>". */
  readonly placeholder?: string;
  /** The unit of the value, for `inspect`. */
  readonly unit?: string;
  /** The kind that a model file holds, if it is another: of `epochs: "auto"`, the number that it came to. */
  readonly stored?: Kind<Stored>;
  /** The version of the model format that first holds it; a file of an older one stands for the default. Default 1. */
  readonly since?: number;
}

export interface DefaultedOption<T, Given, Stored> extends Option<T, Given, T, Stored> {
  readonly default: Given;
}

export interface RequiredOption<T, Given> extends Option<T, Given, never, T> {
  readonly required: true;
}

type Words = Pick<Option, "defaultText" | "help" | "short" | "placeholder" | "unit" | "since">;

/** An option whose default is a constant. */
export function option<T, Given = T, Stored = T>(
  kind: Kind<T, Given>,
  declared: { default: NoInfer<Given>; stored?: Kind<Stored> } & Words,
): DefaultedOption<T, Given, Stored> {
  return { kind, ...declared };
}

/** An option whose default is worked out; `defaultText` puts it in words. */
export function optionElse<T, Given = T>(
  kind: Kind<T, Given>,
  declared: { otherwise: () => NoInfer<T> } & Words,
): Option<T, Given, T, T> {
  return { kind, ...declared };
}

/** An option that is undefined if it is left out. */
export function optional<T, Given = T>(
  kind: Kind<T, Given>,
  declared: Words = {},
): Option<T, Given, undefined, T> {
  return { kind, ...declared };
}

/** An option that must be given. */
export function required<T, Given = T>(kind: Kind<T, Given>, declared: Words = {}): RequiredOption<T, Given> {
  return { kind, required: true, ...declared };
}

/** Options by name. */
export type Declarations = Readonly<Record<string, Option>>;

/** What callers pass: the object that documents the options. */
export type GivenOptions<D extends Declarations> = {
  [Name in keyof D as D[Name] extends { required: true } ? Name : never]: GivenOf<D[Name]>;
} & {
  [Name in keyof D as D[Name] extends { required: true } ? never : Name]?: GivenOf<D[Name]>;
};

/** The options with their defaults, every one checked. */
export type ResolvedOptions<D extends Declarations> = { -readonly [Name in keyof D]: ResolvedOf<D[Name]> };

/** What a model file holds of the options. */
export type StoredOptions<D extends Declarations> = { -readonly [Name in keyof D]: StoredOf<D[Name]> };

/** The defaults that are constants. */
export type DefaultOptions<D extends Declarations> = {
  readonly [Name in keyof D as D[Name] extends { default: unknown } ? Name : never]: GivenOf<D[Name]>;
};

type GivenOf<O> = O extends Option<unknown, infer Given> ? Given : never;
type ResolvedOf<O> = O extends Option<infer T, unknown, infer Left> ? T | Left : never;
type StoredOf<O> = O extends Option<unknown, unknown, unknown, infer Stored> ? Stored : never;

/**
 * Checks every option and fills in the defaults. An option that is undefined counts as left out.
 *
 * @param name What the object is called in messages.
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
    resolveOption(declared, prefix + key, given[key]),
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
 * Reads the options that a model file holds, which is all of them: what a file leaves out that its version has is an
 * error.
 *
 * @param value By name; other names than these are for the caller to look at.
 * @param version Of the file's format.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming what is wrong.
 */
export function readStored<D extends Declarations>(
  declarations: D,
  value: Record<string, unknown>,
  version: number,
): StoredOptions<D> {
  const read = Object.entries(declarations).map(([name, declared]) => {
    const found = (declared.since ?? 1) > version ? declared.default : value[name];
    return [name, (declared.stored ?? declared.kind).check(name, found)];
  });
  return Object.fromEntries(read) as StoredOptions<D>;
}

/** The names that a file of a version holds. */
export function storedNames(declarations: Declarations, version: number): string[] {
  return Object.keys(declarations).filter((name) => (declarations[name]!.since ?? 1) <= version);
}

/** The options as texts of flat metadata, in the order of their declarations. */
export function toEntries<D extends Declarations>(
  declarations: D,
  values: Record<keyof D, unknown>,
): Record<string, string> {
  const all = Object.entries(declarations).map(([name, { kind }]) => kind.entries(name, values[name]));
  return Object.assign({}, ...all) as Record<string, string>;
}

/**
 * Reads what {@link toEntries} wrote.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming what is missing or not allowed.
 */
export function readEntries<D extends Declarations>(
  declarations: D,
  texts: ReadonlyMap<string, string>,
): StoredOptions<D> {
  const read = Object.entries(declarations).map(([name, { kind }]) => [
    name,
    kind.check(
      name,
      kind.fromEntries(name, (key) => texts.get(key)),
    ),
  ]);
  return Object.fromEntries(read) as StoredOptions<D>;
}

/** The newest version of the model format that any of the options came with. */
export function newestVersion(...all: readonly Declarations[]): number {
  return Math.max(...all.flatMap(Object.values).map((declared: Option) => declared.since ?? 1));
}

/** The declarations without those of the names. */
export function omitOptions<D extends Declarations, Name extends keyof D>(
  declarations: D,
  ...names: readonly Name[]
): Omit<D, Name> {
  const kept = Object.entries(declarations).filter(([name]) => !names.includes(name as Name));
  return Object.fromEntries(kept) as unknown as Omit<D, Name>;
}

/** Those of the values that are options of these declarations. */
export function pickOptions<D extends Declarations, V extends Record<keyof D, unknown>>(
  declarations: D,
  values: V,
): Pick<V, keyof D> {
  return Object.fromEntries(
    Object.keys(declarations).map((name) => [name, values[name as keyof D]]),
  ) as unknown as Pick<V, keyof D>;
}
