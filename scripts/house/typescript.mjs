/** The directions of lib/: which room may import which. */
import { posix } from "node:path";
import ts from "typescript";
import { lineAt, sourcesIn } from "./files.mjs";

/**
 * The floors of lib/, from the ground up. A room imports from its own files, from rooms on lower floors, and from the
 * `leaves`; rooms on one floor do not know each other.
 */
export const floors = [
  ["errors"],
  ["files", "options"],
  ["tensor", "image", "calibration"],
  ["safetensors", "torch-file", "native", "evaluation", "sample"],
  ["teacher", "regions", "report"],
  ["model-file"],
  ["onnx"],
  ["detector"],
  ["verify", "doctor"],
  ["cli"],
];

/** The entries of the package: they only import and export, and nothing imports them. */
const entries = ["index.ts", "cli.ts", "preprocess.ts"];

/** Files that every room may import. They import no room. */
const leaves = ["random.ts", "version.ts"];

/**
 * @typedef {{ specifier: string, line: number, target: string | undefined }} Import `target` is the file in the
 *   checkout; undefined for packages.
 */

/**
 * @param {string} root the folder of the checkout.
 * @returns {import("./files.mjs").Violation[]}
 */
export function checkTypeScript(root) {
  const sources = sourcesIn(root, "lib", /\.ts$/);
  const known = new Set(sources.map(({ path }) => path));
  const imports = new Map(sources.map((source) => [source.path, importsOf(source, known)]));
  return [
    ...sources.flatMap((source) => checkPlace(source)),
    ...sources.flatMap((source) => checkSource(source, imports.get(source.path) ?? [])),
    ...[...imports].flatMap(([path, found]) => found.flatMap((each) => checkFloor(path, each))),
    ...findCycles(imports),
    ...["service", "fleet"].flatMap((user) => checkUser(root, user)),
  ];
}

/**
 * The service and the fleet are users of the package: they import it by its name.
 *
 * @param {string} root the folder of the checkout.
 * @param {string} user the folder of one of them.
 * @returns {import("./files.mjs").Violation[]}
 */
function checkUser(root, user) {
  const sources = sourcesIn(root, `${user}/lib`, /\.ts$/);
  return sources.flatMap((source) =>
    importsOf(source, new Set())
      .filter(({ target }) => target?.startsWith("lib/"))
      .map(({ specifier, line }) => ({
        path: source.path,
        line,
        message: `${specifier}: ${user}/ must import "reverse-distillation"`,
      })),
  );
}

/**
 * @param {import("./files.mjs").Source} source
 * @returns {import("./files.mjs").Violation[]}
 */
function checkPlace({ path, text }) {
  const room = roomOf(path);
  const name = path.slice("lib/".length);
  if (room !== undefined) {
    if (floorOf(room) >= 0) return [];
    return [{ path, line: 1, message: `this file is in none of lib/'s rooms: ${floors.flat().join(", ")}` }];
  }
  if (leaves.includes(name)) return [];
  if (!entries.includes(name))
    return [
      {
        path,
        line: 1,
        message: `outside its rooms, lib/ contains only ${[...entries, ...leaves].join(", ")}`,
      },
    ];
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const other = file.statements.find(
    (statement) => !ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement),
  );
  if (other === undefined) return [];
  return [{ path, line: lineAt(text, other.getStart(file)), message: "an entry may only import and export" }];
}

/**
 * @param {string} path the file that imports.
 * @param {Import} imported
 * @returns {import("./files.mjs").Violation[]}
 */
function checkFloor(path, { specifier, line, target }) {
  if (target === undefined || !target.startsWith("lib/")) return [];
  const name = path.slice("lib/".length);
  const [from, to] = [roomOf(path), roomOf(target)];
  if (entries.includes(target.slice("lib/".length)))
    return [{ path, line, message: `${specifier}: nothing may import an entry` }];
  if (to === undefined || floorOf(to) < 0) return [];
  if (leaves.includes(name)) return [{ path, line, message: `${specifier}: ${name} must not import a room` }];
  if (from === undefined || from === to || floorOf(to) < floorOf(from)) return [];
  const below =
    floors
      .slice(0, Math.max(floorOf(from), 0))
      .flat()
      .join(", ") || "itself";
  return [{ path, line, message: `${specifier}: ${from} must not import from ${to}, only from ${below}` }];
}

/**
 * @param {string} path such as "lib/image/decode.ts"
 * @returns {string | undefined} undefined for a file outside the rooms.
 */
function roomOf(path) {
  const [, room, ...rest] = path.split("/");
  return rest.length === 0 ? undefined : room;
}

/** @param {string} room */
function floorOf(room) {
  return floors.findIndex((floor) => floor.includes(room));
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
      violations.push({ path, line, message: `${specifier}: lib/ must not import from outside itself` });
  if (path.startsWith("lib/native/")) return violations;

  for (const { specifier, line } of imports)
    if (specifier === "node-gyp-build" || specifier.endsWith(".node"))
      violations.push({
        path,
        line,
        message: `${specifier}: only loadAddon() may open the addon`,
      });
  for (const match of text.matchAll(/\bprocess\s*\.\s*dlopen\b|["'`/][\w./-]*\w\.node["'`]/g)) {
    const line = lineAt(text, match.index);
    violations.push({ path, line, message: `${match[0]}: only loadAddon() may open the addon` });
  }
  return violations;
}

/**
 * @param {import("./files.mjs").Source} source
 * @param {Set<string>} known the files in lib/.
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
 * Finds every cycle once, at the import that closes it.
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
