/**
 * Feeds one reader inputs until the time is over: first the corpus, then changes of inputs that have reached new code.
 * Run by scripts/fuzz.ts in a process of its own, which may hang or crash: the input lies in a file then.
 *
 *   loop.ts TARGET FOLDER SECONDS SEED
 */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { errorCodes, ReverseDistillationError } from "../../../lib/errors/error.js";
import { Coverage } from "./coverage.js";
import { Dice, mutated } from "./mutation.js";
import { place, targets } from "./targets.js";

const [name = "", folder = "", seconds = "", seed = ""] = process.argv.slice(2);
const target = targets[name];
if (target === undefined)
  throw new Error(`There is no reader "${name}"; there are ${Object.keys(targets).join(", ")}.`);

/** A reader of inputs as short as these needs no more. */
const mostMemory = 2 ** 30;

/** The codes that a reader may answer a file with. */
const right = new Set<string>(errorCodes.filter((code) => code !== "INTERNAL"));

/** The inputs in the repository that are for this reader. */
function stored(): Uint8Array[] {
  const lines = readFileSync(new URL("corpus.txt", import.meta.url), "utf8").split("\n");
  return lines.flatMap((line) => {
    const [reader, input = ""] = line.replace(/#.*/, "").trim().split(/\s+/);
    return reader === name ? [Buffer.from(input, "base64")] : [];
  });
}

const before = process.memoryUsage.rss();

async function run(input: Uint8Array): Promise<void> {
  const path = await place(folder, target!, input);
  try {
    await target!.read(input, path);
  } catch (error) {
    if (!(error instanceof ReverseDistillationError) || !right.has(error.code))
      throw new Error(`The reader answered with ${inspect(error)}`, { cause: error });
  }
  const grown = process.memoryUsage.rss() - before;
  if (grown > mostMemory) throw new Error(`The reader took ${(grown / 2 ** 20).toFixed(0)} MiB.`);
}

const end = performance.now() + 1000 * Number(seconds);
const coverage = new Coverage();
const dice = new Dice(Number(seed));
const corpus: Uint8Array[] = [];
for (const input of [...(await target.seeds(folder)), ...stored(), new Uint8Array()]) {
  await run(input);
  coverage.hasGrown();
  corpus.push(input);
}
let runs = corpus.length;
for (; performance.now() < end; runs++) {
  // Newer inputs have reached more.
  const recent = corpus.slice(-16);
  const input = mutated(dice, dice.pick(dice.below(2) === 0 ? recent : corpus), dice.pick(corpus));
  await run(input);
  if (coverage.hasGrown()) corpus.push(input);
  if (runs % 100 === 0) process.send?.(runs);
}
console.log(`${name}: ${runs} inputs, ${corpus.length} kept; ${coverage.describe()}`);
process.disconnect?.();
