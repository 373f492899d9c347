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
import { closureOf, lockedPackages } from "./locked-packages.mjs";
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

/** @param {import("./locked-packages.mjs").Locked} locked */
const needs = ({ dependencies = {}, optionalDependencies = {} }) => [dependencies, optionalDependencies];

/** @returns {string} */
function write() {
  const packages = lockedPackages();
  // The lock file also lists what other packages of the repository and development need.
  const own = needs(packages[""] ?? { version: "" }).flatMap(Object.keys);
  const needed = closureOf(packages, "", own, needs);
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
