/**
 * Measures the sizes of model files and exports, and the time that they take to score. Writes bench/results/onnx.json
 * after every backbone and, at the end, the table in bench/README.md. It skips what is in the results already.
 *
 *   node --import tsx bench/onnx.ts [--backbones resnet18,resnet34,resnet50,wide_resnet50_2] [--no-times] [--again]
 *   node --import tsx bench/onnx.ts --table
 */
import { Command } from "commander";
import { backbones as allBackbones, modelOptions } from "../lib/options/model.js";
import { measure } from "./onnx/measure.js";
import { results } from "./onnx/results.js";
import { writeTable } from "./onnx/table.js";
import { runCommand } from "./run-command.js";

interface Flags {
  backbones: string;
  times: boolean;
  again?: true;
  table?: true;
}

async function main({ backbones, times, again, table }: Flags): Promise<void> {
  const chosen = backbones.split(",").map((name) => modelOptions.backbone.kind.check("--backbones", name));
  for (const backbone of table ? [] : chosen) {
    if (!again && (await results.has(backbone))) continue;
    console.error(backbone);
    await results.add(await measure(backbone, { times }));
  }
  await writeTable(await results.read());
}

const program = new Command("onnx")
  .description("measure the sizes of model files and exports, and the time to score an image")
  .option("--backbones <list>", "backbones to measure", allBackbones.join(","))
  .option("--no-times", "leave the times out, for a machine that does other work")
  .option("--again", "measure again what is already in the results")
  .option("--table", "only write the table")
  .action(main);

await runCommand(program);
