/**
 * Measures what cutting images into tiles costs and whether the map shows it: steps of the map where tiles begin and end,
 * the score of a defect that a border cuts, and the pixels scored per second beside those of single tiles. Writes
 * bench/results/tiles.json and the table in docs/tiles.md. Existing results are replaced.
 *
 *   node --import tsx bench/tiles.ts <folders...> --weights <file> [options]
 *   node --import tsx bench/tiles.ts --table
 */
import { basename } from "node:path";
import { Command } from "commander";
import { openDataset } from "../lib/evaluation/dataset.js";
import { parseNumber } from "../lib/options/kind.js";
import { runCommand } from "./run-command.js";
import { measure } from "./tiles/measure.js";
import { results } from "./tiles/results.js";
import { writeTable } from "./tiles/table.js";

interface Flags {
  weights?: string;
  epochs: number;
  size: number;
  rounds: number;
  table?: true;
}

async function main(folders: string[], { weights, table, ...settings }: Flags): Promise<void> {
  for (const folder of table ? [] : folders) {
    console.error(basename(folder));
    await results.add(await measure(basename(folder), await openDataset(folder), { weights, ...settings }));
  }
  await writeTable(await results.read());
}

const program = new Command("tiles")
  .description("measure what cutting images into tiles costs, and whether the map shows it")
  .argument("[folders...]", "data sets in the layout of MVTec AD")
  .option("--weights <file>", "the teacher's weights")
  .option("--epochs <n>", "epochs of each training", parseNumber, 6)
  .option("--size <pixels>", "side of the tiles, and of the networks' input", parseNumber, 128)
  .option("--rounds <n>", "rounds of the measurement of speed", parseNumber, 9)
  .option("--table", "only write the table")
  .action(main);

await runCommand(program);
