/**
 * Fuzz tests: inputs change at random, and those that reach new code are changed further. An input that shows a defect is
 * printed as a line for the corpus of its test.
 *
 *   npm run fuzz -- [--native] [--seconds N] [--seed N] [TARGET...]
 *
 * The targets are the readers of files in TypeScript (test/fuzz/readers), or with `--native` functions in C++
 * (test/fuzz/native), which need clang. `--seconds` is the time for each.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fuzzNative } from "./fuzz/native.js";
import { fuzzReaders } from "./fuzz/readers.js";

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      native: { type: "boolean", default: false },
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: "1" },
    },
  });
  const options = { names: positionals, seconds: Number(values.seconds), seed: Number(values.seed) };
  const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
  const failures = values.native ? await fuzzNative(root, options) : await fuzzReaders(options);
  if (failures.length > 0) throw new Error(failures.join("\n"));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
