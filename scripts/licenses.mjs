/**
 * Writes THIRD_PARTY_LICENSES: the licences of third-party code in the published package, and of the packages that
 * npm installs with it.
 *
 *   node scripts/licenses.mjs [--check]
 *
 * `--check` changes nothing and fails if the file is out of date.
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./setup.mjs";

/** Their headers, with inline functions, are compiled into the binaries. */
const compiledIn = [
  { name: "PyTorch (LibTorch's headers)", path: "scripts/licenses/pytorch.txt" },
  { name: "node-addon-api", path: "node_modules/node-addon-api/LICENSE.md" },
  { name: "node-api-headers", path: "node_modules/node-api-headers/LICENSE" },
];

/** Licences that dependencies may have. Any other one needs a decision by a person. */
const accepted =
  /^\(?(MIT|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0|BlueOak-1\.0\.0|LGPL-3\.0-or-later)( (AND|OR) (MIT|BSD-3-Clause|Apache-2\.0|LGPL-3\.0-or-later))*\)?$/;

/**
 * @typedef {{ version: string, license?: string, dev?: boolean, devOptional?: boolean, os?: string[],
 *   dependencies?: Record<string, string>, optionalDependencies?: Record<string, string> }} Locked
 */

/**
 * The paths in the lock file of the packages that one needs, directly or through others. The file also lists what other
 * packages of the repository and development need.
 *
 * @param {Record<string, Locked>} packages
 * @param {string} from its path; "" is the published package.
 * @param {Set<string>} found
 */
function neededBy(packages, from, found = new Set()) {
  const { dependencies = {}, optionalDependencies = {} } = packages[from] ?? {};
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const path = placeOf(packages, from, name);
    if (path === undefined || found.has(path)) continue;
    found.add(path);
    neededBy(packages, path, found);
  }
  return found;
}

/**
 * Where Node.js finds a package.
 *
 * @param {Record<string, Locked>} packages
 * @param {string} from
 * @param {string} name
 * @returns {string | undefined}
 */
function placeOf(packages, from, name) {
  const path = `${from === "" ? "" : `${from}/`}node_modules/${name}`;
  if (packages[path] !== undefined) return path;
  return from === ""
    ? undefined
    : placeOf(packages, from.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, ""), name);
}

/** @returns {string} */
function write() {
  /** @type {Record<string, Locked>} */
  const packages = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const needed = neededBy(packages, "");
  const rows = new Set(
    Object.entries(packages)
      .filter(([path]) => needed.has(path))
      .flatMap(([path, { version, license, dev, devOptional, os }]) => {
        const name = path.split("node_modules/").at(-1);
        if (!name || dev || devOptional || (os !== undefined && !os.includes("linux"))) return [];
        if (license === undefined || !accepted.test(license))
          throw new Error(
            `${name} ${version} has the licence ${license}, which scripts/licenses.mjs does not accept.`,
          );
        return [`${name}\t${version}\t${license}`];
      }),
  );
  const texts = compiledIn.map(
    ({ name, path }) =>
      `${name}\n${"-".repeat(name.length)}\n\n${readFileSync(join(root, path), "utf8").trim()}\n`,
  );
  return [
    "Third-party licences\n====================\n",
    "reverse-distillation itself is licensed under Apache-2.0 (LICENSE).\n",
    "1. The binaries in prebuilds/ are compiled from this package's sources and the headers of the following",
    "   projects. LibTorch itself is not part of this package.\n",
    ...texts,
    "2. The JavaScript in dist/ contains code generated from the schema of ONNX (onnx.proto, Copyright (c) ONNX",
    "   Project Contributors), which is licensed under Apache-2.0, like this package.\n",
    "3. npm installs these packages with this one, each under its own licence (versions from this package's lock",
    "   file; packages for systems other than Linux are left out):\n",
    ...[...rows].sort(),
    "",
  ].join("\n");
}

/** @returns {string[]} what is wrong with the existing file. */
export function checkLicenses() {
  const path = join(root, "THIRD_PARTY_LICENSES");
  const there = existsSync(path) ? readFileSync(path, "utf8") : "";
  return there === write() ? [] : ["THIRD_PARTY_LICENSES is out of date: run node scripts/licenses.mjs"];
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--check")) {
    for (const problem of checkLicenses()) {
      console.error(problem);
      process.exitCode = 1;
    }
  } else writeFileSync(join(root, "THIRD_PARTY_LICENSES"), write());
}
