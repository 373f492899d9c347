import { readFile, writeFile } from "node:fs/promises";
import { writeAtomically } from "../lib/files/atomic-file.js";

/**
 * Puts text between the marks of a page of Markdown, `<!-- name: begin -->` and `<!-- name: end -->`.
 *
 * @throws Error if the page has no such marks.
 */
export async function writeMarkedSection(path: string, name: string, section: string): Promise<void> {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const text = await readFile(path, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`${path} has no place for the tables: put the lines ${begin} and ${end} there.`);
  }
  const whole = `${text.slice(0, from + begin.length)}\n\n${section}\n${text.slice(to)}`;
  await writeAtomically(path, (file) => writeFile(file, whole));
}
