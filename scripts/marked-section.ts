import { readFile, writeFile } from "node:fs/promises";
import { writeAtomically } from "../lib/files/atomic-file.js";

/** A page with the text between its marks replaced. @throws Error if the page, named in the message, lacks the marks. */
export function withMarkedSection(path: string, text: string, name: string, section: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`${path} has no place for the ${name} section: add the lines ${begin} and ${end}.`);
  }
  return `${text.slice(0, from + begin.length)}\n\n${section}\n${text.slice(to)}`;
}

/**
 * Replaces the text between the marks `<!-- name: begin -->` and `<!-- name: end -->` of a Markdown page.
 *
 * @throws Error if the page does not have these marks.
 */
export async function writeMarkedSection(path: string, name: string, section: string): Promise<void> {
  const whole = withMarkedSection(path, await readFile(path, "utf8"), name, section);
  await writeAtomically(path, (file) => writeFile(file, whole));
}
