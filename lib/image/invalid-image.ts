import { ReverseDistillationError } from "../errors/error.js";

/** The longest message about an image, in characters. */
const longestMessage = 500;
const longestName = 300;

/**
 * An `INVALID_IMAGE` in the one form that all of them have.
 *
 * @param name The image's path, or what it is called if it has none; begins the sentence.
 * @param problem Completes it, without its full stop.
 */
export function invalidImage(name: string, problem: string, cause?: unknown): ReverseDistillationError {
  const shown = oneLine(name);
  const start = shown.length > longestName ? `…${shown.slice(-longestName)}` : shown;
  const room = longestMessage - start.length - 2;
  const said = problem.length > room ? `${problem.slice(0, room - 1)}…` : problem;
  return new ReverseDistillationError("INVALID_IMAGE", `${start} ${said}.`, { cause });
}

/** For a file of a format that is known and not read: names it, and says what to do. */
export function notRead(name: string, format: { name: string; remedy?: string }): ReverseDistillationError {
  return invalidImage(name, `is ${format.name}, which is not supported; ${format.remedy!}`);
}

/**
 * What a library says about an image that it cannot decode, on one line: each thing once, however often it is
 * repeated, and nothing of what only its authors understand.
 */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const lines = message
    .split("\n")
    .map((line) => line.replace(/^(Input buffer has corrupt header: )?(\w+(\.\w+)*: )?/, "").trim())
    .filter((line) => line !== "" && !/^(Unknown error|libpng read error|bad seek to)/.test(line))
    .map((line) => line.replace(/\.$/, ""));
  const said = [...new Set(lines)].slice(0, 2).join("; ");
  return said === "" ? "it is damaged or cut short" : oneLine(said);
}

/** Text without line breaks or other control characters, which a path may hold. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code}`;
  });
}
