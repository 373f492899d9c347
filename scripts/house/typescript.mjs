/** The directions of lib/: who may import what. */
import { posix } from "node:path";
import ts from "typescript";
import { lineAt, sourcesIn } from "./files.mjs";

/**
 * @typedef {{ specifier: string, line: number, target: string | undefined }} Import `target` is the
 *   file within the checkout; undefined for packages.
 */

/**
 * @param {string} root of the checkout.
 * @returns {import("./files.mjs").Violation[]}
 */
export function checkTypeScript(root) {
  const sources = sourcesIn(root, "lib", /\.ts$/);
  const known = new Set(sources.map(({ path }) => path));
  const imports = new Map(sources.map((source) => [source.path, importsOf(source, known)]));
  return [
    ...sources.flatMap((source) => checkSource(source, imports.get(source.path) ?? [])),
    ...findCycles(imports),
  ];
}

/**
 * @param {import("./files.mjs").Source} source
 * @param {Import[]} imports
 * @returns {import("./files.mjs").Violation[]}
 */
function checkSource({ path, text }, imports) {
  /** @type {import("./files.mjs").Violation[]} */
  const violations = [];
  for (const { specifier, line, target } of imports)
    if (target !== undefined && !target.startsWith("lib/") && target !== "package.json")
      violations.push({ path, line, message: `${specifier}: lib/ imports nothing from outside of itself` });
  if (path.startsWith("lib/native/")) return violations;

  for (const { specifier, line } of imports)
    if (specifier === "node-gyp-build" || specifier.endsWith(".node"))
      violations.push({
        path,
        line,
        message: `${specifier}: the addon is reached through loadAddon() alone`,
      });
  for (const match of text.matchAll(/\bprocess\s*\.\s*dlopen\b|["'`/][\w./-]*\w\.node["'`]/g)) {
    const line = lineAt(text, match.index);
    violations.push({ path, line, message: `${match[0]}: the addon is reached through loadAddon() alone` });
  }
  return violations;
}

/**
 * @param {import("./files.mjs").Source} source
 * @param {Set<string>} known the files of lib/.
 * @returns {Import[]}
 */
function importsOf({ path, text }, known) {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName: specifier, pos }) => {
    const line = lineAt(text, pos);
    if (!specifier.startsWith(".")) return { specifier, line, target: undefined };
    const target = posix.join(posix.dirname(path), specifier);
    const typed = target.replace(/\.js$/, ".ts");
    return { specifier, line, target: known.has(typed) ? typed : target };
  });
}

/**
 * Every cycle once, at the import that closes it.
 *
 * @param {Map<string, Import[]>} imports
 * @returns {import("./files.mjs").Violation[]}
 */
function findCycles(imports) {
  /** @type {import("./files.mjs").Violation[]} */
  const violations = [];
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {string[]} */
  const trail = [];
  /** @param {string} path */
  const visit = (path) => {
    if (done.has(path)) return;
    trail.push(path);
    for (const { target, line } of imports.get(path) ?? []) {
      if (target === undefined || !imports.has(target)) continue;
      const start = trail.indexOf(target);
      if (start === -1) visit(target);
      else {
        const cycle = [...trail.slice(start), target].join(" -> ");
        violations.push({ path, line, message: `import cycle: ${cycle}` });
      }
    }
    trail.pop();
    done.add(path);
  };
  for (const path of imports.keys()) visit(path);
  return violations;
}
