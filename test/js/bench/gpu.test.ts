import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { judgeGoals } from "../../../bench/gpu/goals.js";
import { readKernelTimes } from "../../../bench/gpu/kernels.js";
import { parseGpuOptions } from "../../../bench/gpu/options.js";
import { resultsName, writeResults, type GpuResults, type Stage } from "../../../bench/gpu/results.js";
import { judgeSanitizer } from "../../../bench/gpu/sanitizer.js";
import { Skipped, Stages } from "../../../bench/gpu/stages.js";
import { gpus, readGpus } from "../../../scripts/nvidia-smi.mjs";
import { temporaryFolder } from "../support/temporary-folder.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Makes a folder with an `nvidia-smi` that prints this. */
async function fakeDriver(
  t: Parameters<typeof temporaryFolder>[0],
  answer: string,
  status = 0,
): Promise<string> {
  const folder = join(await temporaryFolder(t), "bin");
  mkdirSync(folder);
  writeFileSync(join(folder, "nvidia-smi"), `#!/bin/sh\necho "${answer}"\nexit ${status}\n`, { mode: 0o755 });
  return folder;
}

test("the options have defaults, and errors name what is not allowed", (t) => {
  t.deepEqual(parseGpuOptions([]), {
    device: "cuda:0",
    quick: false,
    out: undefined,
    package: undefined,
    minutes: 10,
  });
  t.like(parseGpuOptions(["--device", "cpu", "--quick", "--out", "a.json", "--minutes", "2.5"]), {
    device: "cpu",
    quick: true,
    out: "a.json",
    minutes: 2.5,
  });
  t.throws(() => parseGpuOptions(["--device", "gpu"]), {
    message: '--device must be cpu or cuda:N; got "gpu"',
  });
  t.throws(() => parseGpuOptions(["--minutes", "0"]), {
    message: '--minutes must be a number above 0; got "0"',
  });
  t.throws(() => parseGpuOptions(["--fast"]), { message: /--fast/ });
});

test("the driver's GPUs are listed, and the list is empty if the driver has none or fails", async (t) => {
  const answer = "NVIDIA H100 80GB HBM3, 9.0, 580.159.04, 81559";
  const h100 = {
    name: "NVIDIA H100 80GB HBM3",
    computeCapability: "9.0",
    driver: "580.159.04",
    memoryMiB: 81559,
  };
  t.deepEqual(readGpus(`${answer}\n${answer}\n`), [h100, h100]);
  t.deepEqual(readGpus("No devices were found\n"), []);
  t.deepEqual(gpus(join(await fakeDriver(t, answer), "nvidia-smi")), [h100]);
  t.deepEqual(gpus(join(await fakeDriver(t, answer, 9), "nvidia-smi")), []);
  t.deepEqual(gpus("/no/such/nvidia-smi"), []);
});

test("without a GPU, the command fails immediately and says so", async (t) => {
  const path = await fakeDriver(t, "No devices were found");
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, "scripts", "gpu.mjs"), ...args], {
      encoding: "utf8",
      env: { ...process.env, PATH: path },
      timeout: 60_000,
    });
  const none = run();
  t.is(none.status, 1);
  t.regex(none.stderr, /No GPU found: .* Nothing was built or measured/);
  t.is(none.stdout, "");
  const unknown = run("--device", "tpu");
  t.is(unknown.status, 1);
  t.regex(unknown.stderr, /--device must be cpu or cuda:N; got "tpu"/);
  const never = run("--minutes=soon");
  t.is(never.status, 1);
  t.regex(never.stderr, /--minutes must be a number above 0; got "soon"/);
});

test("times are converted to bandwidths, shares of the copy and lower bounds", (t) => {
  const line = (operator: string, seconds: number, bytes: number, operations: number) =>
    JSON.stringify({ operator, case: "c", dtype: "float32", seconds, bytes, operations });
  const [copy, byBytes, byOperations] = readKernelTimes([
    "a warning",
    line("copy", 1e-3, 2e9, 0),
    line("cosine_map", 1e-6, 1e6, 0),
    line("gaussian_blur", 2e-6, 1e3, 60e6),
  ]);
  t.like(copy, { operator: "copy", gigabytesPerSecond: 2000, shareOfCopy: 1 });
  t.is(Math.round(byBytes!.gigabytesPerSecond), 1000);
  t.is(byBytes!.shareOfCopy.toFixed(6), "0.500000");
  t.is(byBytes!.floorMicroseconds.toFixed(6), "0.500000");
  t.is(byOperations!.floorMicroseconds.toFixed(6), "1.000000");
  t.throws(() => readKernelTimes([line("cosine_map", 1e-6, 1e6, 0)]), { message: /did not measure a copy/ });
});

const speed = {
  precision: "float32" as const,
  latencySeconds: 0.001,
  imagesPerSecond: 1000,
  trainingImagesPerSecond: 500,
};

test("goals that were not measured say so, and have no number", (t) => {
  const goals = judgeGoals({ kernels: [], endToEnd: [] });
  t.is(goals.length, 6);
  for (const { value, met } of goals)
    t.deepEqual({ value, met }, { value: "not measured", met: "not measured" });
  // Without Python there is nothing to compare with.
  const alone = {
    backbone: "resnet18" as const,
    imageSize: 256,
    addon: [speed],
    python: null,
    scoreDifference: null,
  };
  for (const { met } of judgeGoals({ kernels: [], endToEnd: [alone] })) t.is(met, "not measured");
});

test("goals are judged by their worst value", (t) => {
  const time = (operator: string, size: string, shareOfCopy: number, microseconds: number) => ({
    operator,
    case: size,
    dtype: "float32",
    microseconds,
    gigabytesPerSecond: 1,
    shareOfCopy,
    floorMicroseconds: 5,
  });
  const against = (factor: number) => ({
    backbone: "resnet18" as const,
    imageSize: 256,
    addon: [speed],
    scoreDifference: 0,
    python: [
      {
        precision: "float32" as const,
        latencySeconds: speed.latencySeconds * factor,
        imagesPerSecond: speed.imagesPerSecond / factor,
        trainingImagesPerSecond: speed.trainingImagesPerSecond / factor,
      },
    ],
  });
  const kernels = [
    time("cosine_map", "wide_resnet50_2, batch 32", 0.9, 1),
    time("cosine_map", "wide_resnet50_2, batch 32", 0.7, 1),
    time("cosine_map", "resnet18, batch 32", 0.1, 1),
    time("smooth_maps", "resnet18, batch 32", 1, 9),
    time("anomaly_map", "resnet18, batch 1", 1, 19),
  ];
  t.deepEqual(
    judgeGoals({ kernels, endToEnd: [against(8), against(3)] }).map(({ met }) => met),
    [false, true, true, false, true, true],
  );
});

test("errors found by compute-sanitizer are told apart from an unsupported machine", (t) => {
  const tests = "TAP version 13\nok 1 - cosine_map on a GPU\nok 2 - skipped # SKIP no GPU\n";
  t.is(
    judgeSanitizer("memcheck", `${tests}========= ERROR SUMMARY: 0 errors\n`, 0),
    "ERROR SUMMARY: 0 errors, over 1 tests",
  );
  t.throws(() => judgeSanitizer("memcheck", `${tests}========= ERROR SUMMARY: 3 errors\n`, 9), {
    message: /exit code 9: ERROR SUMMARY: 3 errors/,
  });
  t.throws(() => judgeSanitizer("memcheck", "========= Error: Device not supported\n", 1), {
    instanceOf: Skipped,
  });
  t.throws(() => judgeSanitizer("racecheck", tests, 0), { message: /no summary/ });
  t.throws(() => judgeSanitizer("racecheck", "RACECHECK SUMMARY: 0 hazards displayed\n", 0), {
    message: /racecheck ran no tests/,
  });
});

test("stages continue after a failure, can be skipped, and respect the time limit", async (t) => {
  const ended: Stage[] = [];
  const keep = (stage: Stage) => Promise.resolve(void ended.push(stage));
  const stages = new Stages(1, keep);
  await stages.run("good", (left) => {
    t.true(Number.isInteger(left) && left > 50_000 && left <= 60_000);
    return Promise.resolve("3 passed");
  });
  await stages.run("bad", () => Promise.reject(new Error("2 failed")));
  await stages.run("refused", () => Promise.reject(new Skipped("no tool")));
  const late = new Stages(1e-9, keep);
  await late.run("late", () => Promise.resolve("never"));
  t.deepEqual(
    ended.map(({ name, status, detail }) => [name, status, detail]),
    [
      ["good", "passed", "3 passed"],
      ["bad", "failed", "2 failed"],
      ["refused", "skipped", "no tool"],
      ["late", "skipped", "no time left"],
    ],
  );
});

test("results are written to a file named after the device", async (t) => {
  t.is(resultsName("NVIDIA H100 80GB HBM3"), "gpu-nvidia-h100-80gb-hbm3.json");
  const path = join(await temporaryFolder(t), "results", resultsName("cpu"));
  const results = { stages: [], kernels: [], goals: judgeGoals({ kernels: [], endToEnd: [] }) };
  await writeResults(path, results as unknown as GpuResults);
  t.deepEqual(JSON.parse(readFileSync(path, "utf8")), results);
});
