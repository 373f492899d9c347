import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/**
 * A source file of the checkout.
 *
 * @typedef {{ path: string, text: string }} Source `path` is relative to the checkout, separated by slashes.
 */

/**
 * A broken rule.
 *
 * @typedef {{ path: string, line: number, message: string }} Violation
 */

/**
 * The files below a folder whose names match.
 *
 * @param {string} root the folder of the checkout.
 * @param {string} folder
 * @param {RegExp} ending
 * @returns {Source[]}
 */
export function sourcesIn(root, folder, ending) {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { withFileTypes: true }).flatMap((entry) => {
    const path = join(start, entry.name);
    if (entry.isDirectory()) return sourcesIn(root, relative(root, path), ending);
    return ending.test(entry.name) ? [{ path: relative(root, path), text: readFileSync(path, "utf8") }] : [];
  });
}

/**
 * The number of the line at a position in a text, from 1.
 *
 * @param {string} text
 * @param {number} position
 */
export function lineAt(text, position) {
  return text.slice(0, position).split("\n").length;
}
