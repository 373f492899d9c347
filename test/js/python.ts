import { execFileSync } from "node:child_process";
import anyTest, { type TestFn } from "ava";

/** The first Python on the PATH that can import PyTorch; undefined where there is none. */
const python = ["python3", "python"].find((command) => {
  try {
    execFileSync(command, ["-c", "import torch"], { stdio: "ignore", timeout: 120_000 });
    return true;
  } catch {
    return false;
  }
});

/** ava's `test.serial` where Python has PyTorch; otherwise its `skip`, after saying so on the standard error. */
export function testWithTorch(): TestFn["skip"] | TestFn["serial"] {
  if (python !== undefined) return anyTest.serial;
  console.error("SKIPPED: tests that need a Python on the PATH with the package torch");
  return anyTest.skip;
}

/**
 * Runs a Python script in which PyTorch can be imported.
 *
 * @returns what it printed, parsed as JSON.
 */
export function runPython(script: string, ...args: string[]): unknown {
  const output = execFileSync(python!, ["-c", script, ...args], { encoding: "utf8", timeout: 300_000 });
  return JSON.parse(output);
}
