/**
 * Everything that a GPU is needed for, in one command: builds for it, tests on it, and measures.
 *
 *   node scripts/gpu.mjs [--device cuda:N] [--quick] [--out <file>] [--package <tarball>]
 *   node scripts/gpu.mjs --device cpu --quick
 *
 * The second line goes through all of it without a GPU, to try out the command itself; what it measures says
 * nothing. Needs no network and no npm: node_modules is that of the checkout. What is done, and what `--quick`,
 * `--out` and `--package` mean, is in bench/gpu.ts.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gpus } from "./nvidia-smi.mjs";
import { run } from "./run.mjs";
import { reportFailure, root, setUp } from "./setup.mjs";

const args = process.argv.slice(2);
const named = args.indexOf("--device");
const device = named === -1 ? "cuda:0" : (args[named + 1] ?? "");

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
  const gpu = requireDevice();
  // For this GPU alone, which takes a third of the time.
  if (gpu !== undefined) process.env.CUDAARCHS ??= gpu.computeCapability.replace(".", "");
  await setUp({
    install: !existsSync(join(root, "node_modules", "tsx")),
    tests: true,
    bench: true,
    cuda: gpu !== undefined,
  });
  await run(process.execPath, ["--import", "tsx", join(root, "bench", "gpu.ts"), ...args], { cwd: root });
} catch (error) {
  reportFailure(error);
}
