/**
 * The part of `npm run gpu` after the build: tests on the GPU, with compute-sanitizer if it is installed, and then
 * measurements. Writes bench/results/gpu-<device>.json after every stage, which says what was not measured. Stages that
 * the tools of this machine do not support are skipped with a message; any other failure sets the exit code to 1.
 *
 *   node --import tsx bench/gpu.ts [--device cuda:N] [--quick] [--out <file>] [--package <tarball>] [--minutes 10]
 *
 * `--minutes` limits all stages together. Stages without any time left are skipped. The sanitizer leaves half of the
 * time for the measurements.
 */
import { join } from "node:path";
import { buildable, findLibTorch } from "../lib/native/libtorch/search.js";
import type { Backbone } from "../lib/options/model.js";
import { gpus } from "../scripts/nvidia-smi.mjs";
import { describeEnvironment } from "./environment.js";
import { measureEndToEnd, type Speed } from "./gpu/end-to-end.js";
import { judgeGoals } from "./gpu/goals.js";
import { measureKernels } from "./gpu/kernels.js";
import { parseGpuOptions } from "./gpu/options.js";
import { scoreFromPackage } from "./gpu/packed.js";
import { resultsName, writeResults, type GpuResults } from "./gpu/results.js";
import { runSanitizer } from "./gpu/sanitizer.js";
import { Stages } from "./gpu/stages.js";
import { root, runTests } from "./programs.js";

const options = parseGpuOptions(process.argv.slice(2));
const { device, quick } = options;
const onCpu = device === "cpu";

// The addon, the tests and all child processes use the same LibTorch: a CUDA build, except for a trial on the CPU.
if (!onCpu) {
  const { found } = await findLibTorch({ builds: buildable("cuda") });
  if (found !== undefined) process.env.LIBTORCH = found.directory;
}
process.env.REVERSE_DISTILLATION_BACKEND = onCpu ? "cpu" : "cuda";

const gpu = onCpu ? undefined : gpus()[Number(device.slice("cuda:".length))];
const name = gpu?.name ?? "cpu";
// The numbers of a trial mean nothing, so they go to another file.
const isTrial = quick || onCpu;
const out =
  options.out ??
  join(root, isTrial ? ".build" : join("bench", "results"), isTrial ? "gpu-trial.json" : resultsName(name));
const results: GpuResults = {
  environment: {
    ...(await describeEnvironment()),
    device: name,
    driver: gpu?.driver ?? null,
    memoryMiB: gpu?.memoryMiB ?? null,
  },
  quick,
  stages: [],
  kernels: [],
  endToEnd: [],
  goals: judgeGoals({ kernels: [], endToEnd: [] }),
};

const stages = new Stages(options.minutes, async (stage) => {
  results.stages.push(stage);
  if (!isTrial) results.goals = judgeGoals(results);
  await writeResults(out, results);
});

const nativeTests = join(root, ".build", onCpu ? "cpu" : "cuda", "reverse_distillation_tests");
const ava = join(root, "node_modules", "ava", "entrypoints", "cli.mjs");
const filter = onCpu ? "cosine_map" : "on a GPU";

/** A quarter of the remaining time for each of the two tools. */
const sanitizerTime = (left: number): number => Math.floor(Math.min(left / 4, 90_000));

await stages.run("native tests", (timeout) => runTests(nativeTests, onCpu ? [filter] : [], { timeout }));
await stages.run("JavaScript tests", (timeout) =>
  runTests(
    process.execPath,
    [ava, "--tap", "test/js/detector/gpu.test.ts", "test/js/native/binaries.test.ts"],
    {
      timeout,
    },
  ),
);
if (!onCpu)
  for (const tool of ["memcheck", "racecheck"] as const)
    await stages.run(tool, (left) => runSanitizer(tool, nativeTests, [filter], sanitizerTime(left)));
await stages.run("operators", async (timeout) => {
  results.kernels = await measureKernels(device, { quick, timeout });
  for (const {
    operator,
    case: size,
    dtype,
    microseconds,
    gigabytesPerSecond,
    shareOfCopy,
  } of results.kernels)
    console.log(
      `    ${operator}, ${size}, ${dtype}: ${microseconds.toFixed(1)} us, ${gigabytesPerSecond.toFixed(0)} GB/s, ` +
        `${(100 * shareOfCopy).toFixed(0)}% of the copy`,
    );
  return `${results.kernels.length} measurements`;
});
for (const backbone of (quick ? ["resnet18"] : ["resnet18", "wide_resnet50_2"]) satisfies Backbone[])
  await stages.run(`${backbone} end to end`, async (timeout) => {
    const measured = await measureEndToEnd(backbone, { device, quick, timeout });
    results.endToEnd.push(measured);
    const describe = (side: string, speeds: readonly Speed[]): string[] =>
      speeds.map(
        ({ precision, latencySeconds, imagesPerSecond, trainingImagesPerSecond }) =>
          `${side} ${precision}: ${(latencySeconds * 1000).toFixed(2)} ms per image, ` +
          `${imagesPerSecond.toFixed(0)} images/s scoring, ${trainingImagesPerSecond.toFixed(0)} images/s training`,
      );
    const { addon, python } = measured;
    const reference =
      python === null ? ["no Python reference on this machine"] : describe("reference", python);
    return [...describe("addon", addon), ...reference].join("; ");
  });
await stages.run("packed package", (timeout) => scoreFromPackage(device, options.package, timeout));

console.log("");
for (const { goal, value, met } of results.goals)
  console.log(`${met === true ? "met" : met === false ? "MISSED" : "not measured"}: ${goal}: ${value}`);
console.log(`\n${out}`);
if (results.stages.some(({ status }) => status === "failed")) process.exitCode = 1;
