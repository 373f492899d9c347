/**
 * Measures what thresholds from good parts are worth: false alarms beside the promise, escapes, what holding images out of
 * the training costs, and how soon a change of brightness is found. Writes bench/results/verdicts.json after every run
 * and, at the end, the tables of docs/accuracy.md and the README. It skips what is in the results already.
 *
 *   node --import tsx bench/verdicts.ts <folders...> --weights <file> [options]
 *   node --import tsx bench/verdicts.ts --tables
 */
import { basename } from "node:path";
import { Command } from "commander";
import { openDataset } from "../lib/evaluation/dataset.js";
import { integer } from "../lib/errors/validate.js";
import { runCommand } from "./run-command.js";
import { measure } from "./verdicts/measure.js";
import { keyOf, results, type VerdictSettings } from "./verdicts/results.js";
import { writeTables } from "./verdicts/table.js";

interface Flags {
  weights?: string;
  seeds: string;
  epochs: string;
  imageSize: string;
  tables?: true;
}

async function main(folders: string[], { weights, seeds, epochs, imageSize, tables }: Flags): Promise<void> {
  const number = (name: string, text: string) => integer(name, Number(text), 0, Number.MAX_SAFE_INTEGER);
  for (const folder of tables ? [] : folders) {
    for (const seed of seeds.split(",")) {
      const settings: VerdictSettings = {
        seed: number("--seeds", seed),
        epochs: number("--epochs", epochs),
        imageSize: number("--image-size", imageSize),
        teacherWeights: weights === undefined ? null : basename(weights),
      };
      const subject = basename(folder);
      if (await results.has(keyOf({ subject, settings }))) continue;
      console.error(`${subject}, seed ${seed}`);
      await results.add(await measure(subject, await openDataset(folder), settings, weights));
    }
  }
  await writeTables(await results.read());
}

const program = new Command("verdicts")
  .description("measure what thresholds from good parts are worth")
  .argument("[folders...]", "data sets in the layout of MVTec AD")
  .option("--weights <file>", "the teacher's weights")
  .option("--seeds <list>", "seeds of the training and of the split", "0,1,2")
  .option("--epochs <n>", "epochs of each training", "10")
  .option("--image-size <pixels>", "image size", "128")
  .option("--tables", "only write the tables")
  .action(main);

await runCommand(program);
