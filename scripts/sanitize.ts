/**
 * Runs the native tests with AddressSanitizer and UndefinedBehaviorSanitizer, which find what no test looks for: accesses
 * to memory that is not there, leaks, undefined behaviour.
 *
 *   npm run sanitize -- [--short]
 *
 * `--short` builds and runs only the part of the native code with loops over pointers.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildNative } from "./native-build.js";
import { runTap } from "./run-tap.mjs";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** As the compiler's option -fsanitize has them. */
const sanitizers = "address,undefined";
const env = {
  ASAN_OPTIONS: "detect_stack_use_after_return=1:strict_init_order=1:check_initialization_order=1",
  UBSAN_OPTIONS: "print_stacktrace=1",
};

try {
  const { values } = parseArgs({ options: { short: { type: "boolean", default: false } } });
  const [target, file] = values.short
    ? (["pointer-tests", "pointer_tests"] as const)
    : (["tests", "tests"] as const);
  const variant = { name: "sanitize", settings: { SANITIZE: sanitizers } };
  const { tree } = await buildNative(root, { targets: [target], variant });
  const { failed } = await runTap("Native tests", join(tree, `reverse_distillation_${file}`), [], env);
  if (failed > 0) throw new Error(`FAILED with the sanitizers ${sanitizers}; see above.`);
  console.log(`\nThe sanitizers ${sanitizers} found nothing.`);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
