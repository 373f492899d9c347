/**
 * Checks what would be published: what package.json names exists, nothing is packed that must not be,
 * and the package imports and requires by its own name.
 *
 *   node scripts/check-package.mjs
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./setup.mjs";

/** @type {string[]} */
const problems = [];
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/**
 * The files that a part of package.json names.
 *
 * @param {unknown} part
 * @returns {string[]}
 */
function filesNamedIn(part) {
  if (typeof part === "string") return [part];
  return Object.values(part ?? {}).flatMap(filesNamedIn);
}

const { main, module, types, exports, bin } = manifest;
for (const path of new Set(filesNamedIn({ main, module, types, exports, bin })))
  if (!existsSync(join(root, path))) problems.push(`package.json names ${path}, which does not exist`);

const packing = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
  cwd: root,
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
});
/** @type {string[]} */
const packed = JSON.parse(packing)[0].files.map((/** @type {{ path: string }} */ file) => file.path);
for (const path of [
  "README.md",
  "LICENSE",
  "CMakeLists.txt",
  "binding.gyp",
  "dist/index.js",
  "dist/index.cjs",
])
  if (!packed.includes(path)) problems.push(`${path} is not packed`);
for (const path of packed)
  if (/^(test|bench|build|\.build|out)\/|\.(test\.ts|safetensors|pth)$/.test(path))
    problems.push(`${path} is packed and must not be`);

for (const [kind, source] of [
  ["import", `const it = await import("${manifest.name}");`],
  ["require", `const it = (await import("node:module")).createRequire(import.meta.url)("${manifest.name}");`],
]) {
  const check = `${source} if (typeof it.train !== "function" || typeof it.Detector !== "function") process.exit(3);`;
  try {
    execFileSync(process.execPath, ["--input-type=module", "--eval", check], { cwd: root, stdio: "inherit" });
  } catch {
    problems.push(`${kind} of ${manifest.name} does not give train and Detector`);
  }
}

for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`The package is in order: ${packed.length} files`);
else process.exitCode = 1;
