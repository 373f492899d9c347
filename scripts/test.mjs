/**
 * Sets up the checkout, then runs the tests: test/js with ava, test/native as executables.
 *
 *   node scripts/test.mjs [arguments of ava]
 *
 * With arguments (files, --match) only ava runs. The last line is always "N passed, N failed, N skipped"; a crash
 * counts as a failure, and so does a run without tests.
 */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { runTap } from "./run-tap.mjs";
import { reportFailure, root, setUp } from "./setup.mjs";
import { waitingThreads } from "./waiting-threads.mjs";

const args = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  const begun = performance.now();
  await setUp({ tests: true });
  console.log(`The set-up took ${Math.round((performance.now() - begun) / 1000)} s`);
  const ava = join(root, "node_modules", "ava", "entrypoints", "cli.mjs");
  const runs = [await runTap("JavaScript tests", process.execPath, [ava, "--tap", ...args])];
  if (args.length === 0)
    for (const [name, program] of /** @type {const} */ ([
      ["Native tests", "reverse_distillation_tests"],
      ["CUDA kernels on an emulated machine", "reverse_distillation_cuda_tests"],
    ]))
      runs.push(await runTap(name, join(root, ".build", "cpu", program), [], waitingThreads));
  for (const { passed, failed, skipped } of runs) {
    counts.passed += passed;
    counts.failed += failed;
    counts.skipped += skipped;
  }
} catch (error) {
  reportFailure(error);
  counts.failed += 1;
}
if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
