/**
 * Measures which lines the tests run, in TypeScript and in C++, and writes docs/coverage.md.
 *
 *   npm run coverage [-- --report]
 *
 * It builds the addon and the native tests so that they count, and runs all tests against them: half an hour on two
 * cores. `--report` only reads the counts of the last run. A file of which much is not covered must be listed with the
 * reason in scripts/coverage/reasons.ts.
 */
import { rmSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nativeCoverage } from "./coverage/native.js";
import { unexplained } from "./coverage/reasons.js";
import { formatCoverage } from "./coverage/table.js";
import { typescriptCoverage } from "./coverage/typescript.js";
import { writeMarkedSection } from "./marked-section.js";
import { buildNative } from "./native-build.js";
import { runTap } from "./run-tap.mjs";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const variant = { name: "coverage", settings: { COVERAGE: "ON" } };
const tree = join(root, ".build", variant.name);
const counts = join(tree, "v8");

/**
 * The folders of JavaScript tests, except those of the package as it is installed and of benchmarks and scripts: they run
 * bundles or nothing of `lib`, and take long.
 */
function testFolders(): string[] {
  const tests = join("test", "js");
  return readdirSync(join(root, tests), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["bench", "consumer", "scripts"].includes(entry.name))
    .map(({ name }) => `${tests}/${name}/**`);
}

/** Runs all tests, and leaves the counts in the build's folder. @returns how many tests failed. */
async function runTests(): Promise<number> {
  const { product } = await buildNative(root, { targets: ["addon", "tests", "kernel-tests"], variant });
  rmSync(counts, { recursive: true, force: true });
  for (const path of readdirSync(tree, { recursive: true, encoding: "utf8" }))
    if (path.endsWith(".gcda")) rmSync(join(tree, path));
  const runs = [
    await runTap("Native tests", join(tree, "reverse_distillation_tests"), []),
    await runTap("CUDA kernels on an emulated machine", join(tree, "reverse_distillation_cuda_tests"), []),
    await runTap(
      "JavaScript tests",
      process.execPath,
      [join(root, "node_modules", "ava", "entrypoints", "cli.mjs"), "--tap", ...testFolders()],
      { NODE_V8_COVERAGE: counts, REVERSE_DISTILLATION_ADDON: product },
    ),
  ];
  return runs.reduce((sum, { failed }) => sum + failed, 0);
}

try {
  const { values } = parseArgs({ options: { report: { type: "boolean", default: false } } });
  const failed = values.report ? 0 : await runTests();
  if (failed > 0) console.log(`\nTests that failed, perhaps because counting slows them down: ${failed}`);
  const files = [...(await typescriptCoverage(root, counts)), ...(await nativeCoverage(root, tree))];
  const section = formatCoverage(files);
  console.log(`\n${section}`);
  await writeMarkedSection(join(root, "docs", "coverage.md"), "coverage", section);
  const lacking = unexplained(files);
  if (lacking.length > 0)
    throw new Error(
      `Little of these files is covered. Test them, or give the reason in scripts/coverage/reasons.ts:\n${lacking.join("\n")}`,
    );
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
