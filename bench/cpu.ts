/**
 * Compares the addon on the CPU with the Python reference, job by job in alternation, and writes
 * bench/results/cpu.json. What is there already is measured anew.
 *
 *   npm run bench -- [--quick] [--backbones resnet18,wide_resnet50_2]
 */
import { Command } from "commander";
import * as check from "../lib/model-options.js";
import { loadAddon } from "../lib/native/loader.js";
import { line, type Comparison } from "./cpu/compare.js";
import * as jobs from "./cpu/jobs.js";
import { Workload } from "./cpu/workload.js";
import { describeEnvironment, type Environment } from "./environment.js";
import { requirePython } from "./reference.js";
import { ResultsFile } from "./results-file.js";

interface Result extends Comparison {
  quick: boolean;
  environment: Environment & { torch: string; threads: number };
}

interface Flags {
  quick?: boolean;
  backbones: string;
}

const results = new ResultsFile<Result>("cpu.json", ({ job }) => job);

async function main({ quick = false, backbones }: Flags): Promise<void> {
  const python = requirePython();
  const addon = loadAddon();
  const effort = quick ? { rounds: 3, trainingSteps: 1 } : { rounds: 15, trainingSteps: 4 };
  const precisions = addon.info().cpuHasBfloat16
    ? (["float32", "bfloat16"] as const)
    : (["float32"] as const);
  if (precisions.length === 1) console.error("bfloat16 is not measured: this processor lacks AVX512-BF16.");
  for (const name of backbones.split(",")) {
    const backbone = check.backbone("--backbones", name);
    const workload = await Workload.open(addon, python, backbone, 16);
    const add = async (...comparisons: Comparison[]) => {
      const environment = { ...describeEnvironment(), ...workload.versions };
      for (const comparison of comparisons) {
        console.log(line(comparison));
        await results.add({ ...comparison, quick, environment });
      }
    };
    try {
      await add(...(await jobs.compareOperators(workload, effort)));
      for (const precision of precisions) {
        for (const count of [1, 8]) await add(await jobs.compareScoring(workload, precision, count, effort));
      }
      if (backbone !== "resnet18") continue;
      await add(...(await jobs.compareResizing(workload, effort)));
      for (const callers of [1, 4, 16]) await add(await jobs.compareService(workload, callers, effort));
      for (const precision of precisions) {
        for (const keep of [false, true])
          await add(await jobs.compareTraining(workload, precision, keep, effort));
      }
    } finally {
      await workload.close();
    }
  }
}

const program = new Command("bench")
  .description("compare the addon on the CPU with the Python reference")
  .option("--quick", "fewer rounds")
  .option("--backbones <list>", check.backbones.join(", "), "resnet18,wide_resnet50_2")
  .action(main);

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
