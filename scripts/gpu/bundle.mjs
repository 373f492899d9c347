/**
 * Packs what `npm run gpu` needs on a machine that has CUDA, PyTorch and CMake but neither Node nor npm.
 *
 *   node scripts/gpu/bundle.mjs [--out .gpu]
 *
 * Writes into the folder: `node.xz`, the program that runs this script; `modules.tar.xz`, the npm packages; and
 * `package.tgz`, this package as `npm pack` makes it. scripts/gpu.sh unpacks them. Refuses to be larger than 60 MiB.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { closureOf, lockedPackages } from "../locked-packages.mjs";
import { reportFailure, root } from "../setup.mjs";

const largest = 60 * 2 ** 20;

/** What the run needs beside the package's own dependencies. */
const tools = ["tsx", "ava"];

/**
 * @param {readonly string[]} roots names of packages.
 * @returns {string[]} the folders of these packages and of all that they need, relative to the checkout. Optional
 *   packages for other platforms are not installed, and left out with what they need.
 */
function closure(roots) {
  const needs = (/** @type {import("../locked-packages.mjs").Locked} */ locked) => [
    locked.dependencies ?? {},
    locked.optionalDependencies ?? {},
    locked.peerDependencies ?? {},
  ];
  const installed = Object.fromEntries(
    Object.entries(lockedPackages()).filter(([path]) => existsSync(join(root, path))),
  );
  const found = [...closureOf(installed, "", roots, needs)];
  // A package's folder contains those inside it.
  return found.sort().filter((folder, _, all) => !all.some((other) => folder.startsWith(`${other}/`)));
}

/** @param {string} path */
const quoted = (path) => `'${path.replaceAll("'", String.raw`'\''`)}'`;

function pack() {
  const { values } = parseArgs({ options: { out: { type: "string", default: join(root, ".gpu") } } });
  const out = values.out;
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const folders = closure([...Object.keys(dependencies), ...tools]);
  for (const name of tools)
    if (!folders.includes(`node_modules/${name}`))
      throw new Error(`node_modules/${name} is missing: run npm run setup first`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const shell = (/** @type {string} */ command) =>
    execFileSync("bash", ["-c", `set -o pipefail; ${command}`], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
  shell(`xz -T0 -6 -c ${quoted(process.execPath)} > ${quoted(join(out, "node.xz"))}`);
  shell(
    `tar -c --exclude='*.map' --exclude='*.d.ts' --exclude='*.d.mts' --exclude='*.d.cts' --exclude='*.md' ` +
      `${folders.map(quoted).join(" ")} | xz -T0 -6 > ${quoted(join(out, "modules.tar.xz"))}`,
  );
  shell(
    `npm pack --ignore-scripts --pack-destination ${quoted(out)} && mv ${quoted(out)}/*.tgz ${quoted(join(out, "package.tgz"))}`,
  );
  const sizes = readdirSync(out).map((name) => ({ name, bytes: statSync(join(out, name)).size }));
  for (const { name, bytes } of sizes)
    console.log(`${(bytes / 2 ** 20).toFixed(1).padStart(6)} MiB  ${name}`);
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= largest) return;
  rmSync(out, { recursive: true });
  throw new Error(
    `The bundle would have ${(total / 2 ** 20).toFixed(1)} MiB; allowed are ${largest / 2 ** 20} MiB.`,
  );
}

try {
  pack();
} catch (error) {
  reportFailure(error);
}
