/**
 * Lints and checks the format of both languages; every check runs, whatever the others say.
 *
 *   node scripts/lint.mjs [--fix]
 */
import { join } from "node:path";
import { sourcesIn } from "./house/files.mjs";
import { run } from "./run.mjs";
import { root } from "./setup.mjs";

const fix = process.argv.includes("--fix");
const modules = join(root, "node_modules");
const nativeSources = ["native", "test/native", "test/fuzz/native", "test/js/faults"].flatMap((folder) =>
  sourcesIn(root, folder, /\.(c|cpp|cu|cuh|h)$/).map(({ path }) => path),
);

/** @type {[name: string, args: string[]][]} */
const checks = [
  ["eslint", [join(modules, "eslint/bin/eslint.js"), ".", "--max-warnings", "0", ...(fix ? ["--fix"] : [])]],
  [
    "prettier",
    [join(modules, "prettier/bin/prettier.cjs"), ".", "--log-level", "warn", fix ? "--write" : "--check"],
  ],
  [
    "clang-format",
    [join(modules, "clang-format/index.js"), ...(fix ? ["-i"] : ["--dry-run", "-Werror"]), ...nativeSources],
  ],
  ["house", [join(root, "scripts/lint-house.mjs")]],
];
for (const [name, args] of checks) {
  try {
    await run(process.execPath, args, { cwd: root });
    console.log(`${name}: in order`);
  } catch {
    console.error(`${name}: failed${fix ? "" : "; `npm run format` repairs what a tool can"}`);
    process.exitCode = 1;
  }
}
