/**
 * What models take and how fast they score, in files and in ONNX Runtime: writes bench/results/onnx.json after each
 * backbone, and at the end the table of bench/README.md. What is in the results already is not run again.
 *
 *   node --import tsx bench/onnx.ts [--backbones resnet18,resnet34,resnet50,wide_resnet50_2] [--no-times] [--again]
 *   node --import tsx bench/onnx.ts --table
 */
import { Command } from "commander";
import { backbones as allBackbones, backbone as checkBackbone } from "../lib/options/model.js";
import { measure } from "./onnx/measure.js";
import { results } from "./onnx/results.js";
import { writeTable } from "./onnx/table.js";

interface Flags {
  backbones: string;
  times: boolean;
  again?: true;
  table?: true;
}

async function main({ backbones, times, again, table }: Flags): Promise<void> {
  const chosen = backbones.split(",").map((name) => checkBackbone("--backbones", name));
  for (const backbone of table ? [] : chosen) {
    if (!again && (await results.has(backbone))) continue;
    console.error(backbone);
    await results.add(await measure(backbone, { times }));
  }
  await writeTable(await results.read());
}

const program = new Command("onnx")
  .description("measure the sizes of model files and exports, and the time that scoring an image takes")
  .option("--backbones <list>", "of the models", allBackbones.join(","))
  .option("--no-times", "leave the times out, as on a machine that does other work")
  .option("--again", "measure what is in the results already")
  .option("--table", "write the table alone")
  .action(main);

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
