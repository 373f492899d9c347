/**
 * Compares the addon on the CPU with the Python reference, job by job in alternation. Writes bench/results/cpu.json
 * and, unless the run was quick, the tables of docs/performance.md and the README. Existing results are replaced.
 *
 *   npm run bench -- [--quick | --tables] [--backbones resnet18,wide_resnet50_2]
 */
import { Command } from "commander";
import { loadAddon } from "../lib/native/loader.js";
import { backbones, modelOptions } from "../lib/options/model.js";
import { line, type Comparison } from "./cpu/compare.js";
import type { Effort } from "./cpu/effort.js";
import { compareEvaluation } from "./cpu/evaluation.js";
import { compareOperators } from "./cpu/operators.js";
import { compareResizing } from "./cpu/resizing.js";
import { results } from "./cpu/results.js";
import { compareScoring } from "./cpu/scoring.js";
import { compareFacade, compareService } from "./cpu/service.js";
import { compareStart } from "./cpu/start.js";
import { writeTables } from "./cpu/table.js";
import { compareTraining } from "./cpu/training.js";
import { compareWholeTraining } from "./cpu/whole-training.js";
import { Workload } from "./cpu/workload.js";
import { describeEnvironment } from "./environment.js";
import { precisionsHere } from "./precisions.js";
import { requirePython } from "./reference.js";
import { runCommand } from "./run-command.js";

interface Flags {
  quick?: boolean;
  tables?: boolean;
  backbones: string;
  dataset?: string;
  weights?: string;
}

async function main({ tables = false, ...flags }: Flags): Promise<void> {
  if (!tables) await measure(flags);
  if (!flags.quick) await writeTables(await results.read());
}

async function measure({ quick = false, backbones, dataset, weights }: Flags): Promise<void> {
  if ((dataset === undefined) !== (weights === undefined)) {
    throw new Error("--dataset and --weights go together: give both or neither.");
  }
  const python = requirePython();
  const addon = await loadAddon();
  const effort: Effort = quick
    ? { rounds: 2, trainingSteps: 1, starts: 1 }
    : { rounds: 9, trainingSteps: 3, starts: 5 };
  const precisions = precisionsHere(addon);
  for (const name of backbones.split(",")) {
    const backbone = modelOptions.backbone.kind.check("--backbones", name);
    const workload = await Workload.open(addon, python, backbone, 16);
    const add = async (...comparisons: Comparison[]) => {
      const environment = { ...(await describeEnvironment()), ...workload.versions };
      for (const comparison of comparisons) {
        console.log(line(comparison));
        await results.add({ ...comparison, quick, environment });
      }
    };
    try {
      await add(...(await compareOperators(workload, effort)));
      for (const count of [1, 8]) await add(...(await compareScoring(workload, precisions, count, effort)));
      if (backbone !== "resnet18") continue;
      await add(...(await compareResizing(workload, effort)));
      await add(...(await compareStart(workload, python, effort)));
      await add(await compareFacade(workload, effort));
      for (const callers of [1, 4, 16]) await add(await compareService(workload, callers, effort));
      for (const keep of [false, true])
        await add(...(await compareTraining(workload, precisions, keep, effort)));
      if (dataset !== undefined && weights !== undefined) {
        await add(await compareWholeTraining(addon, python, { dataset, weights }));
        const native = await workload.inPrecision("float32");
        await add(await compareEvaluation(addon, workload.files.model, native, dataset, effort));
      }
    } finally {
      await workload.close();
    }
  }
}

const program = new Command("bench")
  .description("compare the addon on the CPU with the Python reference")
  .option("--quick", "run fewer rounds, and leave the tables unchanged")
  .option("--tables", "only write the tables")
  .option(
    "--dataset <folder>",
    "data set in the layout of MVTec AD, for a complete training on both sides and an evaluation",
  )
  .option("--weights <file>", "the teacher's ImageNet weights, for --dataset")
  .option("--backbones <list>", backbones.join(", "), "resnet18,wide_resnet50_2")
  .action(main);

await runCommand(program);
