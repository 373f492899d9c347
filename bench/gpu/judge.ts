/**
 * Judges the goals by the results of the stages before, and prints each as a line of JSON. Except after a trial, also
 * writes bench/results/gpu-<device>.json.
 *
 *   node --import tsx bench/gpu/judge.ts <folder of gpu.jsonl> [--device cuda:N] [--quick]
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gpus } from "../../scripts/nvidia-smi.mjs";
import { describeEnvironment } from "../environment.js";
import { root } from "../programs.js";
import { print, readArguments } from "./arguments.js";
import { judgeGoals, type Measured } from "./goals.js";
import { resultsName, writeResults } from "./results.js";

const { device, quick, rest } = readArguments(process.argv.slice(2));
const lines = readFileSync(join(rest[0]!, "gpu.jsonl"), "utf8").trim().split("\n");
const results = lines.map((line) => JSON.parse(line) as { stage: string });
const kernels = results.filter((result) => "operator" in result) as unknown as Measured["kernels"];
const speeds = results.filter((result) => "side" in result) as unknown as Measured["speeds"];
const nodes = results.filter((result) => "nodes" in result) as unknown as Measured["nodes"];
const goals = judgeGoals({ kernels, speeds, nodes });
for (const goal of goals) print(goal);
if (!quick && device !== "cpu") {
  const gpu = gpus()[Number(device.slice("cuda:".length))];
  const name = gpu?.name ?? "unknown";
  const environment = await describeEnvironment();
  await writeResults(join(root, "bench", "results", resultsName(name)), {
    environment: {
      ...environment,
      device: name,
      driver: gpu?.driver ?? null,
      memoryMiB: gpu?.memoryMiB ?? null,
    },
    stages: results.filter((result) => "status" in result),
    ...{ kernels, speeds, nodes, goals },
  });
}
