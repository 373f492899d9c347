/**
 * Sets up the checkout, then runs the tests: test/js with ava, test/native as executables.
 *
 *   node scripts/test.mjs [arguments of ava]
 *
 * With arguments (files, --match) only ava runs. The last line is always "N passed, N failed, N skipped"; a crash
 * counts as a failure, and so does a run without tests.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { reportFailure, root, setUp } from "./setup.mjs";
import { TapReader } from "./tap.mjs";

/**
 * Runs a program that prints TAP.
 *
 * @param {string} name
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<TapReader>}
 */
async function runTap(name, program, args) {
  console.log(`\n${name}`);
  const tap = new TapReader((line) => console.log(line));
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  /** @type {Promise<string | undefined>} */
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  for await (const line of createInterface({ input: child.stdout })) tap.read(line);
  const failure = await ended;
  if (failure !== undefined && tap.failed === 0) tap.fail(`${name} ended with ${failure}`);
  else if (tap.planned === undefined) tap.fail(`${name} ended before its plan`);
  else if (tap.planned !== tap.reported) tap.fail(`${name} ran ${tap.reported} of its ${tap.planned} tests`);
  else if (tap.reported === 0) tap.fail(`${name} contained no test`);
  return tap;
}

const args = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  await setUp({ tests: true });
  const ava = join(root, "node_modules", "ava", "entrypoints", "cli.mjs");
  const runs = [await runTap("JavaScript tests", process.execPath, [ava, "--tap", ...args])];
  if (args.length === 0)
    for (const [name, program] of /** @type {const} */ ([
      ["Native tests", "reverse_distillation_tests"],
      ["CUDA kernels on an emulated machine", "reverse_distillation_cuda_tests"],
    ]))
      runs.push(await runTap(name, join(root, ".build", "cpu", program), []));
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
