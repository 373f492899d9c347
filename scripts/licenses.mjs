/**
 * Writes THIRD_PARTY_LICENSES: the licences of what the published package holds of others, and of what
 * npm installs beside it.
 *
 *   node scripts/licenses.mjs [--check]
 *
 * `--check` changes nothing and fails where the file is not as it would be written.
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./setup.mjs";

/** What is compiled into the binaries: headers of these, with their inline functions. */
const compiledIn = [
  { name: "PyTorch (LibTorch's headers)", path: "scripts/licenses/pytorch.txt" },
  { name: "node-addon-api", path: "node_modules/node-addon-api/LICENSE.md" },
  { name: "node-api-headers", path: "node_modules/node-api-headers/LICENSE" },
];

/** Licences that what is installed beside the package may have. Another one is for a person to weigh. */
const accepted =
  /^\(?(MIT|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0|BlueOak-1\.0\.0|LGPL-3\.0-or-later)( (AND|OR) (MIT|BSD-3-Clause|Apache-2\.0|LGPL-3\.0-or-later))*\)?$/;

/**
 * @typedef {{ version: string, license?: string, dev?: boolean, devOptional?: boolean, os?: string[] }} Locked
 * @returns {string}
 */
function write() {
  /** @type {Record<string, Locked>} */
  const packages = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const rows = new Set(
    Object.entries(packages).flatMap(([path, { version, license, dev, devOptional, os }]) => {
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
    "Licences of others\n==================\n",
    "reverse-distillation itself is licensed under Apache-2.0 (LICENSE).\n",
    "1. The binaries in prebuilds/ are compiled from this package's sources with headers of the following.",
    "   LibTorch itself is not a part of this package.\n",
    ...texts,
    "2. The JavaScript in dist/ holds code generated from the schema of ONNX (onnx.proto, Copyright (c) ONNX",
    "   Project Contributors), which is licensed under Apache-2.0, as this package is.\n",
    "3. npm installs these packages beside this one, each under the licence that it brings (versions as of",
    "   this package's lock file; packages for other systems than Linux are left out):\n",
    ...[...rows].sort(),
    "",
  ].join("\n");
}

/**
 * What is wrong with the file that is there.
 *
 * @returns {string[]}
 */
export function checkLicenses() {
  const path = join(root, "THIRD_PARTY_LICENSES");
  const there = existsSync(path) ? readFileSync(path, "utf8") : "";
  return there === write()
    ? []
    : ["THIRD_PARTY_LICENSES is out of date: node scripts/licenses.mjs writes it"];
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--check")) {
    for (const problem of checkLicenses()) {
      console.error(problem);
      process.exitCode = 1;
    }
  } else writeFileSync(join(root, "THIRD_PARTY_LICENSES"), write());
}
