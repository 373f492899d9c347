/**
 * Does everything that needs a GPU: builds for it, tests on it, and measures.
 *
 *   node scripts/gpu.mjs [--device cuda:N] [--quick] [--out <folder>] [--package <tarball>] [--minutes 10] [--only <names>]
 *   node scripts/gpu.mjs --device cpu --quick
 *
 * The second line goes through all stages without a GPU, to try out the command itself; its numbers mean nothing.
 * Needs neither network nor npm, only the checkout's node_modules; scripts/gpu.sh unpacks those of a bundle
 * (scripts/gpu/bundle.mjs) where there is no Node either.
 *
 * Each stage is a program of its own with a time limit, and whatever becomes of one, the others run. All that they
 * report goes to the folder at once: see scripts/gpu/record.mjs. The folder is $OUT by default, or .build/gpu.
 * `--only` names the stages to run, separated by commas: "build" builds all.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RunRecord } from "./gpu/record.mjs";
import { runStages } from "./gpu/run-stages.mjs";
import { stagesOf } from "./gpu/stages.mjs";
import { gpus } from "./nvidia-smi.mjs";
import { reportFailure, root } from "./setup.mjs";

function options() {
  const { values } = parseArgs({
    options: {
      device: { type: "string", default: "cuda:0" },
      quick: { type: "boolean", default: false },
      out: { type: "string", default: process.env.OUT || join(root, ".build", "gpu") },
      package: { type: "string" },
      minutes: { type: "string", default: "10" },
      only: { type: "string" },
    },
  });
  if (!/^(cpu|cuda:\d+)$/.test(values.device))
    throw new Error(`--device must be cpu or cuda:N; got ${JSON.stringify(values.device)}`);
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && Number.isFinite(minutes)))
    throw new Error(`--minutes must be a number above 0; got ${JSON.stringify(values.minutes)}`);
  return { ...values, minutes };
}

/**
 * Fails before anything is built if the device does not exist.
 *
 * @param {string} device
 */
function requireDevice(device) {
  if (device === "cpu") return undefined;
  const found = gpus();
  const gpu = found[Number(device.slice("cuda:".length))];
  if (gpu !== undefined) return gpu;
  throw new Error(
    found.length === 0
      ? "No GPU found: nvidia-smi is missing, fails or lists none. Nothing was built or measured.\n" +
          "To try out this command without a GPU: node scripts/gpu.mjs --device cpu --quick"
      : `There is no ${device}: nvidia-smi lists ${found.map(({ name }) => name).join(", ")}.`,
  );
}

async function main() {
  const { device, quick, out, package: tarball, minutes, only } = options();
  const gpu = requireDevice(device);
  const all = stagesOf({ device, quick, out, tarball });
  const wanted = only?.split(",");
  const unknown = wanted?.find((name) => !all.some((stage) => stage.name === name));
  if (unknown !== undefined)
    throw new Error(`--only must name stages: ${all.map(({ name }) => name).join(", ")}; got "${unknown}"`);
  const record = new RunRecord(out);
  const interrupt = new globalThis.AbortController();
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]))
    process.once(signal, () => interrupt.abort());
  const env = {
    ...process.env,
    REVERSE_DISTILLATION_BACKEND: gpu === undefined ? "cpu" : "cuda",
    // Building for this GPU alone takes a third of the time.
    ...(gpu === undefined
      ? {}
      : { CUDAARCHS: process.env.CUDAARCHS ?? gpu.computeCapability.replace(".", "") }),
  };
  const run = { device, gpu, quick, date: new Date().toISOString() };
  const stages = await runStages(
    wanted === undefined ? all : all.filter(({ name }) => wanted.includes(name)),
    {
      ...{ root, env, minutes, record, signal: interrupt.signal },
      onStage: (ended) => record.summary({ ...run, stages: ended }),
    },
  );
  console.log("");
  for (const { name, status, detail, seconds } of stages)
    console.log(`${status.toUpperCase().padEnd(7)} ${name}: ${detail} (${seconds} s)`);
  console.log(`\n${join(out, "gpu.json")}`);
  if (stages.some(({ status }) => status === "failed")) process.exitCode = 1;
}

await main().catch(reportFailure);
