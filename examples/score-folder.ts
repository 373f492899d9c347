/**
 * Scores every image in a folder, the most anomalous first.
 *
 *   npx tsx score-folder.ts parts.safetensors parts/new
 *   npx tsx score-folder.ts parts.safetensors parts/new --json > scores.jsonl
 *
 * `--json` prints one JSON object per image as soon as it is scored. An image that cannot be read is reported, the
 * others are scored, and the exit code is 1.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Detector, ReverseDistillationError } from "reverse-distillation";

interface Result {
  image: string;
  score: number;
  /** The most anomalous pixel, in the anomaly map. */
  x: number;
  y: number;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, concurrency: { type: "string", default: "8" } },
});
const [model, folder] = positionals;
if (model === undefined || folder === undefined) {
  console.error("usage: score-folder.ts <model.safetensors> <folder> [--json] [--concurrency 8]");
  process.exit(2);
}

const names = await readdir(folder, { recursive: true });
const images = names.filter((name) => /\.(png|jpe?g|webp|tiff?|bmp|p[bgpn]m|gif|avif)$/i.test(name)).sort();
const results: Result[] = [];

await using detector = await Detector.load(model);

// The workers share one iterator, so at most `concurrency` images are in memory. Calls that overlap become batches.
const queue = images.values();
const workers = Array.from({ length: Number(values.concurrency) }, async () => {
  for (const name of queue) await scoreOne(join(folder, name));
});
await Promise.all(workers);

if (!values.json) {
  results.sort((a, b) => b.score - a.score);
  for (const { image, score, x, y } of results) {
    console.log(`${score.toFixed(4)}  ${`${x},${y}`.padEnd(9)}  ${image}`);
  }
}

async function scoreOne(image: string): Promise<void> {
  try {
    const { score, map } = await detector.score(image);
    const worst = map.data.indexOf(score);
    const result = { image, score, x: worst % map.width, y: Math.floor(worst / map.width) };
    if (values.json) console.log(JSON.stringify(result));
    else results.push(result);
  } catch (error) {
    if (!(error instanceof ReverseDistillationError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
