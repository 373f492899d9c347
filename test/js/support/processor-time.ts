import { appendFileSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";

/** Loaded into the process of each test file: at its end, it tells what the file cost. */

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Where it tells; scripts/run-tap.mjs reads it. Without, nothing is told. */
const times = process.env.REVERSE_DISTILLATION_TEST_TIMES;

/** Of this process and of those that it waited for, in seconds. */
function processorTime(): number {
  const [, afterName = ""] = readFileSync("/proc/self/stat", "latin1").split(/\) (?!.*\) )/s);
  // User and system time, own and the children's: fields 14 to 17 of proc(5), in hundredths of a second.
  const ticks = afterName.split(" ").slice(11, 15).map(Number);
  return ticks.reduce((sum, value) => sum + value, 0) / 100;
}

if (times !== undefined) {
  const file = relative(root, fileURLToPath(test.meta.file));
  process.on("exit", () => appendFileSync(times, `${processorTime()}\t${file}\n`));
}
