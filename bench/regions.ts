/**
 * Measures how long it takes to find the regions of a map. Writes bench/results/regions.json and the table in
 * docs/performance.md. Existing results are replaced.
 *
 *   node --import tsx bench/regions.ts
 *   node --import tsx bench/regions.ts --quick | --table
 */
import { Command } from "commander";
import { runCommand } from "./run-command.js";
import { measure } from "./regions/measure.js";
import { cases } from "./regions/maps.js";
import { results, type RegionsResult } from "./regions/results.js";
import { formatTable, writeTable } from "./regions/table.js";

interface Flags {
  quick?: true;
  table?: true;
}

async function main({ quick, table }: Flags): Promise<void> {
  if (quick) {
    const found: RegionsResult[] = [];
    for (const { kind } of cases.filter(({ side }) => side === 256))
      found.push(await measure({ kind, side: 64 }, 2));
    console.log(formatTable(found));
    return;
  }
  for (const each of table ? [] : cases) {
    console.error(`${each.kind}, ${each.side} x ${each.side}`);
    await results.add(await measure(each, 99));
  }
  await writeTable(await results.read());
}

const program = new Command("regions")
  .description("measure how long it takes to find the regions of a map")
  .option("--quick", "only measure and print small maps, to try the benchmark out")
  .option("--table", "only write the table")
  .action(main);

await runCommand(program);
