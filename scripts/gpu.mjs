/**
 * Everything that a GPU is needed for, in one command: builds for it, tests on it, and measures.
 *
 *   node scripts/gpu.mjs [--device cuda:N] [--quick] [--out <file>] [--package <tarball>] [--minutes 10]
 *   node scripts/gpu.mjs --device cpu --quick
 *
 * The second line goes through all of it without a GPU, to try out the command itself; what it measures says
 * nothing. Needs no network and no npm: node_modules is that of the checkout. It ends within `--minutes`, the build
 * included, of which half is kept for what follows the build however long that takes. What is done then, and what
 * `--quick`, `--out` and `--package` mean, is in bench/gpu.ts.
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
// bench/gpu.ts, which knows all options, is not there to ask before the build.
const { values } = parseArgs({
  args,
  strict: false,
  options: { device: { type: "string", default: "cuda:0" }, minutes: { type: "string", default: "10" } },
});
const device = String(values.device);
const minutes = Number(values.minutes);

/** Refuses where the device asked for is none, before anything is built. */
function requireDevice() {
  if (device === "cpu") return undefined;
  const index = /^cuda:(\d+)$/.exec(device)?.[1];
  if (index === undefined) throw new Error(`--device takes cpu or cuda:N; got ${JSON.stringify(device)}`);
  const found = gpus();
  const gpu = found[Number(index)];
  if (gpu !== undefined) return gpu;
  throw new Error(
    found.length === 0
      ? "There is no GPU here: nvidia-smi is missing, fails or lists none. Nothing was built or measured.\n" +
          "`node scripts/gpu.mjs --device cpu --quick` tries out this command without one."
      : `There is no ${device} here: nvidia-smi lists ${found.map(({ name }) => name).join(", ")}.`,
  );
}

try {
  if (!(minutes > 0))
    throw new Error(`--minutes takes a number above 0; got ${JSON.stringify(values.minutes)}`);
  const gpu = requireDevice();
  // For this GPU alone, which takes a third of the time.
  if (gpu !== undefined) process.env.CUDAARCHS ??= gpu.computeCapability.replace(".", "");
  await setUp({
    install: !existsSync(join(root, "node_modules", "tsx")),
    tests: true,
    bench: true,
    cuda: gpu !== undefined,
  });
  const built = (performance.now() - start) / 60_000;
  // Of an option that is given twice, the last counts.
  const left = ["--minutes", String(Math.max(minutes - built, minutes / 2))];
  await run(process.execPath, ["--import", "tsx", join(root, "bench", "gpu.ts"), ...args, ...left], {
    cwd: root,
  });
} catch (error) {
  reportFailure(error);
}
