/**
 * Measures for how long the event loop is held while the package works. Writes bench/results/event-loop.json and the
 * table in docs/performance.md. Existing results are replaced.
 *
 *   node --import tsx bench/event-loop.ts
 *   node --import tsx bench/event-loop.ts --quick | --table
 */
import { Command } from "commander";
import { measureAll } from "./event-loop/measure.js";
import { results } from "./event-loop/results.js";
import { formatTable, writeTable } from "./event-loop/table.js";
import { runCommand } from "./run-command.js";

interface Flags {
  quick?: true;
  table?: true;
}

async function main({ quick, table }: Flags): Promise<void> {
  if (quick) {
    const found = await measureAll({ backbone: "resnet18", images: 20, files: 200 });
    console.log(formatTable(found));
    return;
  }
  const sizes = { backbone: "wide_resnet50_2", images: 300, files: 10_000 } as const;
  if (!table) for (const each of await measureAll(sizes)) await results.add(each);
  await writeTable(await results.read());
}

const program = new Command("event-loop")
  .description("measure for how long the event loop is held while the package works")
  .option("--quick", "only measure and print small work, to try the benchmark out")
  .option("--table", "only write the table")
  .action(main);

await runCommand(program);
