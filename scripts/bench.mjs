/**
 * Sets up the checkout, then compares the addon on the CPU with the Python reference.
 *
 *   node scripts/bench.mjs [arguments of bench/cpu.ts]
 */
import { join } from "node:path";
import { run } from "./run.mjs";
import { reportFailure, root, setUp } from "./setup.mjs";

try {
  await setUp({ bench: true });
  const program = join(root, "bench", "cpu.ts");
  await run(process.execPath, ["--import", "tsx", program, ...process.argv.slice(2)], { cwd: root });
} catch (error) {
  reportFailure(error);
}
