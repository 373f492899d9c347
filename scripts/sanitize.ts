/**
 * Runs native tests with the sanitizers of the compiler, which find what no test looks for.
 *
 *   npm run sanitize -- [address|thread] [--short]
 *
 * `address`: AddressSanitizer and UndefinedBehaviorSanitizer, for accesses to memory that is not there, leaks and undefined
 * behaviour, on all native tests; with `--short` on those of the loops over pointers, which are built much sooner.
 * `thread`: ThreadSanitizer, for data races, on the loops, which OpenMP's threads share. Default: both.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildNative } from "./native-build.js";
import { runTap } from "./run-tap.mjs";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** Sanitizers that work in one build. */
interface Sanitizer {
  /** As the compiler's option -fsanitize has them. */
  flags: string;
  /** Environment variables of the program. */
  env: NodeJS.ProcessEnv;
  tests: "tests" | "pointer-tests";
}

const sanitizers: Record<string, Sanitizer> = {
  address: {
    flags: "address,undefined",
    env: {
      ASAN_OPTIONS: "detect_stack_use_after_return=1:strict_init_order=1:check_initialization_order=1",
      UBSAN_OPTIONS: "print_stacktrace=1",
    },
    tests: "tests",
  },
  thread: { flags: "thread", env: {}, tests: "pointer-tests" },
};

/** @returns how many tests failed. */
async function sanitize(name: string, short: boolean): Promise<number> {
  const sanitizer = sanitizers[name];
  if (sanitizer === undefined)
    throw new Error(`There is no sanitizer "${name}"; there are ${Object.keys(sanitizers).join(", ")}.`);
  const { flags, env } = sanitizer;
  const target = short ? "pointer-tests" : sanitizer.tests;
  const variant = { name, settings: { SANITIZE: flags } };
  const { tree } = await buildNative(root, { targets: [target], variant });
  const program = join(tree, `reverse_distillation_${target.replace("-", "_")}`);
  return (await runTap(`Native tests, ${flags}`, program, [], env)).failed;
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { short: { type: "boolean", default: false } },
  });
  const names = positionals.length > 0 ? positionals : Object.keys(sanitizers);
  const failed: string[] = [];
  for (const name of names) if ((await sanitize(name, values.short)) > 0) failed.push(name);
  if (failed.length > 0) throw new Error(`FAILED: ${failed.join(", ")}; see above.`);
  console.log(`\nThe sanitizers found nothing: ${names.join(", ")}.`);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
