import { InvalidArgumentError, Option, type Command } from "commander";
import { parseNumber, type Kind } from "../options/kind.js";
import type { Declarations, GivenOptions, Option as Declared } from "../options/option.js";

/** The values of flags, as the functions that take the options expect them. */
export type Flags<D extends Declarations> = GivenOptions<D>;

/**
 * Adds a flag for each declared option that has a line of help: `--learning-rate <rate>` for `learningRate`. A flag that
 * is left out is undefined, and the default is the option's own.
 */
export function addFlags(command: Command, declarations: Declarations): Command {
  for (const [name, declared] of Object.entries(declarations)) {
    if (declared.help !== undefined) command.addOption(flagOf(name, declared, declared.help));
  }
  return command;
}

function flagOf(name: string, declared: Declared, help: string): Option {
  const { kind, short } = declared;
  const placeholder = declared.placeholder ?? kind.placeholder;
  const flags = `${short === undefined ? "" : `-${short}, `}${flagName(name)} ${placeholder}`.trimEnd();
  const flag = new Option(flags, help + shownDefault(declared));
  if (kind.choices !== undefined) flag.choices(kind.choices);
  else if (kind.parse !== undefined) flag.argParser((text) => parse(kind, text));
  return flag.makeOptionMandatory(declared.required ?? false);
}

/** "learningRate" on the command line: "--learning-rate". */
export function flagName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function shownDefault({ default: constant, defaultText, required }: Declared): string {
  if (required || constant === false) return "";
  const text = defaultText ?? (constant === undefined ? undefined : inWords(constant));
  return text === undefined ? "" : ` (default: ${text})`;
}

/** "1,2,3" for a list, as it is given on the command line. */
function inWords(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** For arguments that are numbers and belong to no declared option. */
export function numberValue(text: string): number {
  return parse(number, text) as number;
}

const number: Pick<Kind<number>, "parse"> = { parse: parseNumber };

/** Only the form is checked here. What is allowed is checked by the function that takes the option. */
function parse(kind: Pick<Kind<unknown>, "parse">, text: string): unknown {
  try {
    return kind.parse!(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
