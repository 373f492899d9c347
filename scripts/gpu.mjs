/**
 * Does everything that needs a GPU: builds for it, tests on it, and measures.
 *
 *   node scripts/gpu.mjs [--device cuda:N] [--quick] [--out <file>] [--package <tarball>] [--minutes 10]
 *   node scripts/gpu.mjs --device cpu --quick
 *
 * The second line goes through all steps without a GPU, to try out the command itself; its numbers mean nothing.
 * Needs neither network nor npm, only the checkout's node_modules. `--minutes` limits the time, including the build;
 * half of it is reserved for what follows the build. bench/gpu.ts explains `--quick`, `--out` and `--package`.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { gpus } from "./nvidia-smi.mjs";
import { run } from "./run.mjs";
import { reportFailure, root, setUp } from "./setup.mjs";

const args = process.argv.slice(2);
const start = performance.now();
// bench/gpu.ts, which knows all options, cannot run before the build.
const { values } = parseArgs({
  args,
  strict: false,
  options: { device: { type: "string", default: "cuda:0" }, minutes: { type: "string", default: "10" } },
});
const device = String(values.device);
const minutes = Number(values.minutes);

/** Fails before anything is built if the device does not exist. */
function requireDevice() {
  if (device === "cpu") return undefined;
  const index = /^cuda:(\d+)$/.exec(device)?.[1];
  if (index === undefined) throw new Error(`--device must be cpu or cuda:N; got ${JSON.stringify(device)}`);
  const found = gpus();
  const gpu = found[Number(index)];
  if (gpu !== undefined) return gpu;
  throw new Error(
    found.length === 0
      ? "No GPU found: nvidia-smi is missing, fails or lists none. Nothing was built or measured.\n" +
          "To try out this command without a GPU: node scripts/gpu.mjs --device cpu --quick"
      : `There is no ${device}: nvidia-smi lists ${found.map(({ name }) => name).join(", ")}.`,
  );
}

try {
  if (!(minutes > 0))
    throw new Error(`--minutes must be a number above 0; got ${JSON.stringify(values.minutes)}`);
  const gpu = requireDevice();
  // Building for this GPU alone takes a third of the time.
  if (gpu !== undefined) process.env.CUDAARCHS ??= gpu.computeCapability.replace(".", "");
  await setUp({
    install: !existsSync(join(root, "node_modules", "tsx")),
    tests: true,
    bench: true,
    cuda: gpu !== undefined,
  });
  const built = (performance.now() - start) / 60_000;
  // If an option is given twice, the last one counts.
  const left = ["--minutes", String(Math.max(minutes - built, minutes / 2))];
  await run(process.execPath, ["--import", "tsx", join(root, "bench", "gpu.ts"), ...args, ...left], {
    cwd: root,
  });
} catch (error) {
  reportFailure(error);
}
