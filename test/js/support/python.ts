import { execFileSync } from "node:child_process";
import anyTest, { type TestFn } from "ava";
import { findPython } from "../../../bench/reference.js";

const python = findPython();
const pythonWithScipy = python ?? findPython(["numpy", "scipy"]);

/** ava's `test.serial` where Python has what the reference needs; otherwise its `skip`, after saying so. */
export function testWithTorch(): TestFn["skip"] | TestFn["serial"] {
  if (python !== undefined) return anyTest.serial;
  console.error("SKIPPED: tests that need a Python with bench/python/requirements.txt");
  return anyTest.skip;
}

/** The same for tests that need SciPy alone. */
export function testWithScipy(): TestFn["skip"] | TestFn {
  if (pythonWithScipy !== undefined) return anyTest;
  console.error("SKIPPED: tests that need a Python with numpy and scipy");
  return anyTest.skip;
}

/**
 * Runs a Python script, in which the packages that the test was declared with can be imported.
 *
 * @returns what it printed, parsed as JSON.
 */
export function runPython(script: string, ...args: string[]): unknown {
  const output = execFileSync(pythonWithScipy!, ["-c", script, ...args], {
    encoding: "utf8",
    timeout: 300_000,
  });
  return JSON.parse(output);
}
