/**
 * Makes prebuilds/, the binaries in the published package: builds the implementations against the pinned LibTorch,
 * fetching it if it is missing, strips them, names them by prebuildify's rules, and checks which systems they load on.
 *
 *   node --import tsx scripts/prebuild.ts
 *
 * Without nvcc, or with the variable CPU_ONLY=1, it leaves out the implementation for CUDA and says so.
 */
import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import prebuildify from "prebuildify";
import type { LibTorch } from "../lib/native/libtorch/inspect.js";
import { buildNative } from "./native-build.js";
import { neededLibraries } from "./needed-libraries.js";
import {
  cpuOnly,
  implementationName,
  prebuildsFolder,
  prebuildsStamp,
  publishedBuilds,
} from "./published.js";
import { beyond, symbolVersions } from "./symbol-versions.js";
import { MissingTool, requireNvcc } from "./tools.mjs";
import { buildTypeScript } from "./typescript-build.js";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const name = "reverse_distillation";

/** The oldest supported glibc: Ubuntu 22.04, Debian 12, RHEL 9 and later have it. */
const oldestGlibc = "2.34";

/** A file to publish, and the LibTorch that it runs with. */
interface Product {
  file: string;
  libtorch: LibTorch;
}

/** Why no implementation for CUDA is built; undefined if one is. */
function withoutCuda(): string | undefined {
  if (cpuOnly) return "CPU_ONLY is set.";
  try {
    requireNvcc();
    return undefined;
  } catch (error) {
    if (error instanceof MissingTool) return error.message;
    throw error;
  }
}

/** Builds everything that is published into build/Release. */
async function build(): Promise<Product[]> {
  // The published build is for every supported GPU, whatever this machine has.
  delete process.env.CUDAARCHS;
  const lacking = withoutCuda();
  if (lacking !== undefined) console.error(`SKIPPED: the implementation for CUDA: ${lacking}`);
  const products: Product[] = [];
  for (const build of publishedBuilds) {
    if (build.backend === "cuda" && lacking !== undefined) continue;
    const { libtorch } = await buildNative(root, { builds: [build], version: build.version });
    if (products.length === 0) products.push({ file: `${name}.node`, libtorch });
    products.push({ file: implementationName(build), libtorch });
  }
  return products;
}

/** Copies the products to where prebuildify expects them, since it strips them in place, and runs it. */
async function publish(products: Product[]): Promise<string> {
  const stage = join(root, ".build", "prebuild");
  const release = join(stage, "build", "Release");
  const folder = prebuildsFolder(root);
  for (const old of [stage, folder]) rmSync(old, { recursive: true, force: true });
  mkdirSync(release, { recursive: true });
  writeFileSync(join(stage, "package.json"), "{}");
  for (const { file } of products) copyFileSync(join(root, "build", "Release", file), join(release, file));
  await promisify(prebuildify)({
    cwd: stage,
    out: root,
    name,
    napi: true,
    strip: true,
    // On a musl system this gives a clear error instead of a binary that does not load.
    tagLibc: true,
    quiet: true,
    // With Node-API the name contains no ABI, so one target stands for all.
    targets: [{ runtime: "node", target: process.versions.node }],
    // cmake-js has built everything already, so there is nothing to run.
    nodeGyp: "true",
  });
  rmSync(stage, { recursive: true });
  return folder;
}

/** @returns what is wrong with a published file. */
function check(path: string, { libraries }: LibTorch): string[] {
  const needed = symbolVersions([path]);
  const versions = Object.entries(needed).map(([family, version]) => `${family}_${version}`);
  console.log(`${path}: ${Math.round(statSync(path).size / 1024)} KB, needs ${versions.join(", ")}`);
  // LibTorch itself needs these versions.
  const { GLIBCXX, CXXABI } = symbolVersions(libraries);
  const available = new Set([
    ...libraries.map((each) => basename(each)),
    ...libraries.flatMap(neededLibraries),
  ]);
  return [
    ...beyond(needed, { GLIBC: oldestGlibc, GLIBCXX, CXXABI }),
    ...neededLibraries(path)
      .filter((library) => !available.has(library))
      // Above all libcuda, which comes with the driver: LibTorch opens it only when needed.
      .map((library) => `${library} is needed, but LibTorch neither contains nor needs it`),
  ].map((problem) => `${path}: ${problem}`);
}

try {
  const products = await build();
  const folder = await publish(products);
  const problems = readdirSync(folder).flatMap((file) => {
    const product = products.find((each) => each.file === file) ?? products[0]!;
    return check(join(folder, file), product.libtorch);
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
  prebuildsStamp(root).write();
  await buildTypeScript(root);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
