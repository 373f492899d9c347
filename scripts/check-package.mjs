/**
 * Checks what would be published: the files that package.json names exist, only the right files are packed, types and
 * manifest suit TypeScript and bundlers, third-party licences are listed, npm knows of no vulnerability in the
 * dependencies, and the package can be imported and required by its name.
 *
 *   node scripts/check-package.mjs
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { checkLicenses } from "./licenses.mjs";
import { root } from "./setup.mjs";

/** @type {string[]} */
const problems = [];
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/**
 * The files named in a part of package.json.
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

const folder = mkdtempSync(join(tmpdir(), "reverse-distillation-package-"));
const packing = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
  cwd: root,
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
});
/** @type {{ filename: string, files: { path: string }[] }} */
const { filename, files } = JSON.parse(packing)[0];
const tarball = readFileSync(join(folder, filename));
rmSync(folder, { recursive: true });

const packed = files.map(({ path }) => path);
for (const path of [
  "README.md",
  "LICENSE",
  "THIRD_PARTY_LICENSES",
  "CMakeLists.txt",
  "native/loader/loader.c",
  "scripts/install.mjs",
  "dist/index.js",
  "dist/index.cjs",
  "dist/preprocess.js",
  "dist/preprocess.cjs",
  "dist/rebuild.js",
])
  if (!packed.includes(path)) problems.push(`${path} is not packed`);
for (const path of packed)
  if (/^(test|bench|lib|service|fleet|build|\.build|out)\/|\.(test\.ts|safetensors|pth|gyp)$/.test(path))
    problems.push(`${path} must not be packed`);
if (tarball.length > 3e6) problems.push(`The tarball has ${tarball.length} bytes; the limit is 3 MB`);

problems.push(...checkLicenses(), ...findAny());
problems.push(...(await checkTypes(tarball)), ...(await checkManifest(tarball)), ...audit());

/**
 * Checks that TypeScript finds the types that belong to what Node loads, however the package is imported.
 *
 * @param {Buffer} content
 */
async function checkTypes(content) {
  const result = await checkPackage(createPackageFromTarballData(content));
  if (!result.types) return ["are the types wrong: the package has no types"];
  return result.problems.map((problem) => `are the types wrong: ${JSON.stringify(problem)}`);
}

/** Published types must not contain `any`, which would switch off type checking for users. */
function findAny() {
  return readdirSync(join(root, "dist"))
    .filter((name) => name.endsWith(".d.ts"))
    .flatMap(findAnyIn);
}

/** @param {string} name a file in dist/. */
function findAnyIn(name) {
  const path = join(root, "dist", name);
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  /** @type {string[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      const { line } = source.getLineAndCharacterOfPosition(node.pos);
      found.push(`dist/${name}:${line + 1}: any`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** @param {Buffer} content */
async function checkManifest(content) {
  const tar = content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength);
  const { messages, pkg } = await publint({
    pack: { tarball: /** @type {ArrayBuffer} */ (tar) },
    strict: true,
  });
  return messages.map(
    (message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  );
}

/** Known vulnerabilities of the packages that are installed with this one. */
function audit() {
  const { stdout } = spawnSync("npm", ["audit", "--omit=dev", "--json"], { cwd: root, encoding: "utf8" });
  /** @type {{ vulnerabilities?: Record<string, { severity: string }> }} */
  const { vulnerabilities } = JSON.parse(stdout || "{}");
  if (vulnerabilities === undefined) {
    console.error("SKIPPED: npm audit, which the configured registry does not support");
    return [];
  }
  return Object.entries(vulnerabilities).map(([name, { severity }]) => `npm audit: ${name}: ${severity}`);
}

for (const [kind, source] of [
  ["import", `const it = await import("${manifest.name}");`],
  ["require", `const it = (await import("node:module")).createRequire(import.meta.url)("${manifest.name}");`],
]) {
  const check = `${source} if (typeof it.train !== "function" || typeof it.Detector !== "function") process.exit(3);`;
  try {
    execFileSync(process.execPath, ["--input-type=module", "--eval", check], { cwd: root, stdio: "inherit" });
  } catch {
    problems.push(`${kind} of ${manifest.name} does not provide train and Detector`);
  }
}

for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`The package is in order: ${packed.length} files`);
else process.exitCode = 1;
