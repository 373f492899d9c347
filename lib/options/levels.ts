import { integer, invalid, record } from "../errors/validate.js";
import { kind, parseNumber, type Kind } from "./kind.js";

/** The values that become 0 and 255, linearly; values outside are limited to them. Whole numbers up to 65535. */
export interface LevelRange {
  black: number;
  white: number;
}

/**
 * How values of more than 8 bits become the networks' range of 0 to 255. 8-bit images are in that range already.
 *
 * - `"full"`: the full range of each image's own depth: 16 bits, unless its file or its raw pixels state fewer.
 * - `{ depth }`: black is 0 and white is `2 ** depth - 1`, for 8 to 16 bits, whatever the image states.
 * - `{ black, white }`: these two values.
 *
 * @useDeclaredType
 */
export type Levels = "full" | { depth: number } | LevelRange;

const largest = 65_535;
const allowed = '"full", { depth } or { black, white }';

/** Levels as model files store them: a range, or nothing for "full". */
export const storedLevels: Kind<LevelRange | undefined> = kind({
  check: (name, value) =>
    value === undefined ? undefined : blackAndWhite(name, record(name, value, ["black", "white"])),
  format: (value) => (value === undefined ? "full" : `black ${value.black}, white ${value.white}`),
  entries: (_, value): Record<string, string> =>
    value === undefined ? {} : { black: String(value.black), white: String(value.white) },
  fromEntries(_, text) {
    const [black, white] = [text("black"), text("white")];
    if (black === undefined && white === undefined) return undefined;
    return { black: Number(black), white: Number(white) };
  },
  placeholder: "<levels>",
});

/** {@link Levels} as a range; undefined for "full". */
export const levels: Kind<LevelRange | undefined, Levels> = kind({
  ...storedLevels,
  check: (name, value) => (value === "full" ? undefined : range(name, value, allowed)),
  parse,
});

/** {@link Levels}, or "auto". */
export const trainingLevels: Kind<"auto" | LevelRange | undefined, "auto" | Levels> = kind({
  ...levels,
  check(name, value) {
    if (value === "auto") return value;
    return value === "full" ? undefined : range(name, value, `"auto", ${allowed}`);
  },
  format: (value) => (value === "auto" ? value : levels.format(value)),
  entries: (name, value) => (value === "auto" ? {} : levels.entries(name, value)),
});

function range(name: string, value: unknown, allowed: string): LevelRange {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(name, allowed, value);
  if ("depth" in value) {
    const { depth } = record(name, value, ["depth"]);
    return { black: 0, white: 2 ** integer(`${name}.depth`, depth, 8, 16) - 1 };
  }
  return blackAndWhite(name, record(name, value, ["black", "white"]));
}

function blackAndWhite(name: string, { black, white }: Record<string, unknown>): LevelRange {
  const least = integer(`${name}.black`, black, 0, largest - 1);
  return { black: least, white: integer(`${name}.white`, white, least + 1, largest) };
}

/** "auto", "full", a depth such as "12", or black and white such as "64-3900". */
function parse(text: string): unknown {
  if (text === "auto" || text === "full") return text;
  const numbers = text.split("-").map(parseNumber);
  if (numbers.length > 2)
    throw new Error("Give auto, full, a depth such as 12, or black and white as 64-3900.");
  const [first, white] = numbers;
  return white === undefined ? { depth: first } : { black: first, white };
}
