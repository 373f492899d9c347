import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./setup.mjs";

/**
 * A package in package-lock.json.
 *
 * @typedef {{ version: string, license?: string, dev?: boolean, devOptional?: boolean, os?: string[],
 *   dependencies?: Record<string, string>, optionalDependencies?: Record<string, string>,
 *   peerDependencies?: Record<string, string> }} Locked
 */

/** @returns {Record<string, Locked>} the packages of the lock file, by path; "" is the published package. */
export function lockedPackages() {
  return JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
}

/**
 * Where Node.js finds a package.
 *
 * @param {Record<string, Locked>} packages
 * @param {string} from the path of the package that needs it.
 * @param {string} name
 * @returns {string | undefined} undefined if the lock file does not have it.
 */
export function placeOf(packages, from, name) {
  const path = `${from === "" ? "" : `${from}/`}node_modules/${name}`;
  if (packages[path] !== undefined) return path;
  return from === ""
    ? undefined
    : placeOf(packages, from.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, ""), name);
}

/**
 * The paths of all packages that some need, directly or through others.
 *
 * @param {Record<string, Locked>} packages
 * @param {string} from the path of the package that needs `names`.
 * @param {readonly string[]} names
 * @param {(locked: Locked) => object[]} needs what a package needs, as objects whose keys are names.
 * @param {Set<string>} found
 */
export function closureOf(packages, from, names, needs, found = new Set()) {
  for (const name of names) {
    const path = placeOf(packages, from, name);
    if (path === undefined || found.has(path)) continue;
    found.add(path);
    const needed = needs(packages[path] ?? { version: "" }).flatMap(Object.keys);
    closureOf(packages, path, needed, needs, found);
  }
  return found;
}
