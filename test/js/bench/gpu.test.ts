import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { readArguments } from "../../../bench/gpu/arguments.js";
import { judgeGoals } from "../../../bench/gpu/goals.js";
import { KernelTimes } from "../../../bench/gpu/kernels.js";
import { resultsName, writeResults, type GpuResults } from "../../../bench/gpu/results.js";
import { stagesOf } from "../../../scripts/gpu/stages.mjs";
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

test("programs of the run take a device and whether to be quick", (t) => {
  t.deepEqual(readArguments([]), { device: "cuda:0", quick: false, rest: [] });
  t.deepEqual(readArguments(["resnet18", "--quick", "--device", "cpu"]), {
    device: "cpu",
    quick: true,
    rest: ["resnet18"],
  });
  t.throws(() => readArguments(["--fast"]), { message: /--fast/ });
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

test("an unknown stage is refused before anything runs", (t) => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [join(root, "scripts", "gpu.mjs"), "--device", "cpu", "--only", "kernels,luck"],
    { encoding: "utf8", timeout: 60_000 },
  );
  t.is(status, 1);
  t.regex(stderr, /--only must name stages: environment, .*kernels, .*; got "luck"/);
  t.is(stdout, "");
});

test("on a GPU, kernels come before LibTorch, and sanitizers over LibTorch last", (t) => {
  const names = stagesOf({ device: "cuda:0", quick: false, out: "out" }).map(({ name }) => name);
  t.is(new Set(names).size, names.length);
  const at = (name: string) => names.indexOf(name);
  t.is(at("environment"), 0);
  t.true(at("kernels") < at("build addon"));
  t.true(at("racecheck of the kernels") < at("build addon"));
  t.true(at("operators") < at("memcheck of LibTorch"));
  t.is(at("goals"), names.length - 1);
  const trial = stagesOf({ device: "cpu", quick: true, out: "out" }).map(({ name }) => name);
  t.deepEqual(
    trial.filter((name) => name.includes("check of")),
    [],
  );
});

test("times are converted to bandwidths, shares of the copy and lower bounds", (t) => {
  const time = (operator: string, seconds: number, bytes: number, operations: number) => ({
    ...{ operator, case: "c", dtype: "float32", seconds, bytes, operations, positions: 1 },
  });
  const times = new KernelTimes();
  t.throws(() => times.read(time("cosine_map", 1e-6, 1e6, 0)), { message: /did not measure a copy/ });
  t.like(times.read(time("copy", 1e-3, 2e9, 0)), {
    operator: "copy",
    gigabytesPerSecond: 2000,
    shareOfCopy: 1,
  });
  const byBytes = times.read(time("cosine_map", 1e-6, 1e6, 0));
  t.is(Math.round(byBytes.gigabytesPerSecond), 1000);
  t.is(byBytes.shareOfCopy.toFixed(6), "0.500000");
  t.is(byBytes.floorMicroseconds.toFixed(6), "0.500000");
  t.is(times.read(time("gaussian_blur", 2e-6, 1e3, 60e6)).floorMicroseconds.toFixed(6), "1.000000");
});

test("goals that were not measured say so, and have no number", (t) => {
  const goals = judgeGoals({ kernels: [], speeds: [], nodes: [] });
  t.is(goals.length, 16);
  for (const { value, met } of goals)
    t.deepEqual({ value, met }, { value: "not measured", met: "not measured" });
});

test("goals compare the precision that is chosen with eager PyTorch as it comes", (t) => {
  const time = (operator: string, size: string, shareOfCopy: number, microseconds: number) => ({
    ...{ operator, case: size, dtype: "float32", microseconds },
    ...{ gigabytesPerSecond: 1, shareOfCopy, floorMicroseconds: 5 },
  });
  const speed = (side: "addon" | "python", precision: "float32" | "tf32" | "bfloat16", factor: number) => ({
    ...{ backbone: "resnet18" as const, side, precision },
    latencySeconds: 0.001 / factor,
    imagesPerSecond: 1000 * factor,
    trainingImagesPerSecond: 500 * factor,
  });
  const goals = judgeGoals({
    kernels: [
      time("cosine_map", "wide_resnet50_2, batch 32", 0.86, 1),
      time("cosine_map", "resnet18, batch 32", 0.1, 1),
      time("anomaly_map", "resnet18, batch 1", 1, 19),
      time("anomaly_map (product)", "resnet18, batch 1", 1, 21),
    ],
    nodes: [{ backbone: "resnet18", batch: 1, nodes: 56 }],
    speeds: [
      speed("addon", "bfloat16", 3),
      speed("addon", "float32", 0.9),
      speed("python", "tf32", 1),
      speed("python", "float32", 1),
      speed("python", "bfloat16", 100),
    ],
  });
  const met = (part: string, other = "") =>
    goals.filter(({ goal }) => goal.includes(part) && goal.includes(other)).map((goal) => goal.met);
  t.deepEqual(met("copy's bandwidth: wide_resnet50_2, float32"), [true]);
  t.deepEqual(met("copy's bandwidth: resnet18, float32"), [false]);
  t.deepEqual(met("copy's bandwidth", "bfloat16"), ["not measured", "not measured"]);
  t.deepEqual(met("20 us"), [true, false]);
  t.deepEqual(met("at most 55 kernels"), [false]);
  t.deepEqual(met("a quarter", "resnet18"), [false]);
  t.deepEqual(met("in batches of 32 is", "resnet18"), [true]);
  t.deepEqual(met("training is at least 2.5"), [true]);
  t.deepEqual(met("exact float32", "resnet18"), [false]);
  t.deepEqual(met("exact float32", "wide"), ["not measured"]);
});

test("results are written to a file named after the device", async (t) => {
  t.is(resultsName("NVIDIA H100 80GB HBM3"), "gpu-nvidia-h100-80gb-hbm3.json");
  const path = join(await temporaryFolder(t), "results", resultsName("cpu"));
  const results = { stages: [], kernels: [], goals: judgeGoals({ kernels: [], speeds: [], nodes: [] }) };
  await writeResults(path, results as unknown as GpuResults);
  t.deepEqual(JSON.parse(readFileSync(path, "utf8")), results);
});
