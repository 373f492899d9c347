/**
 * Sets up a checkout: npm packages as in the lock file, LibTorch, the native addon, dist/. Skips what is done already.
 * Uses built-ins only, since there may be no node_modules yet.
 *
 *   node scripts/setup.mjs [--build] [--tests] [--cuda]
 *
 * `--build` builds without installing npm packages; `--tests` also builds the native tests; `--cuda` builds the addon
 * for GPUs.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";
import { requireCMake, requireCompiler, requireNode, requireNpm } from "./tools.mjs";

/** The folder of the checkout. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/**
 * @param {{ install?: boolean, bundle?: boolean, tests?: boolean, bench?: boolean, cuda?: boolean }} [options] whether
 *   to install npm packages and to bundle dist/ (default: yes), to build the native tests and the native benchmark
 *   (default: no), and to build for GPUs (default: no).
 * @returns {Promise<void>} rejects with a message that says what to do.
 */
export async function setUp({
  install = true,
  bundle = true,
  tests = false,
  bench = false,
  cuda = false,
} = {}) {
  requireNode();
  if (!existsSync(join(root, "build", "Release"))) {
    // The build checks this too; checked here so that nobody waits for npm first.
    requireCMake();
    requireCompiler();
  }
  if (install && !packagesAreInstalled()) {
    requireNpm();
    console.log("Installing npm packages");
    await run("npm", ["ci", "--include=dev", "--no-audit", "--no-fund"], { cwd: root }).catch(() => {
      throw new Error("npm could not install the packages; see its messages above, then run this again.");
    });
  }
  const build = join(root, "scripts", "build.ts");
  const options = Object.entries({ tests, bench, cuda, "no-bundle": !bundle }).flatMap(([name, wanted]) =>
    wanted ? [`--${name}`] : [],
  );
  await run(process.execPath, ["--import", "tsx", build, ...options], { cwd: root }).catch(() => {
    throw new Error("The build failed; see its messages above.");
  });
}

/**
 * Whether node_modules matches the lock file, by the record that npm leaves there. Optional packages may be missing:
 * they are for other platforms.
 */
function packagesAreInstalled() {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = readPackages(join(root, "package-lock.json"));
  const installed = readPackages(record);
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    // The other packages of this repository are not installed but linked.
    if (!path.startsWith("node_modules/")) return true;
    const there = installed[path];
    return there === undefined ? optional === true : there.version === version;
  });
}

/**
 * @param {string} path of a lock file.
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function readPackages(path) {
  return JSON.parse(readFileSync(path, "utf8")).packages;
}

/**
 * Prints why a script failed and sets its exit code.
 *
 * @param {unknown} error
 */
export function reportFailure(error) {
  const text = error instanceof Error ? error.message : String(error);
  console.error(`\n${text}`);
  process.exitCode = 1;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const options = process.argv.slice(2);
  await setUp({
    install: !options.includes("--build"),
    tests: options.includes("--tests"),
    cuda: options.includes("--cuda"),
  }).catch(reportFailure);
}
