/**
 * What scoring and training cost as images grow, batches grow and images become more: writes bench/results/scaling.json
 * after each point, and at the end the tables and plots of docs/performance.md. What is in the results already is not
 * run again.
 *
 *   node --import tsx bench/scaling.ts [--again]
 *   node --import tsx bench/scaling.ts --quick | --page
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Command } from "commander";
import { loadAddon } from "../lib/native/loader.js";
import { describeEnvironment } from "./environment.js";
import { precisionsHere } from "./precisions.js";
import { formatSection, writePage } from "./scaling/page.js";
import {
  keyOf,
  points,
  quickPoints,
  results,
  type Measured,
  type Point,
  type ScalingResult,
} from "./scaling/points.js";

interface Flags {
  quick?: true;
  again?: true;
  page?: true;
}

async function main({ quick, again, page }: Flags): Promise<void> {
  if (quick) {
    const found: ScalingResult[] = [];
    for (const point of quickPoints) found.push(await measure(point));
    requireOneLoss(found);
    console.log(formatSection(found));
    return;
  }
  const precisions = precisionsHere(loadAddon());
  for (const point of page ? [] : points) {
    if (point.job === "score" && !precisions.includes(point.precision)) continue;
    if (!again && (await results.has(keyOf(point)))) continue;
    await results.add(await measure(point));
  }
  const found = await results.read();
  requireOneLoss(found);
  await writePage(found);
}

const program = fileURLToPath(new URL("scaling/measure.ts", import.meta.url));

async function measure(point: Point): Promise<ScalingResult> {
  console.error(keyOf(point));
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--import", "tsx", program],
    JSON.stringify(point),
  ]);
  return { ...point, ...(JSON.parse(stdout) as Measured), environment: describeEnvironment() };
}

/** Where features are kept must not change what is computed: the first epochs of equal trainings are equal. */
function requireOneLoss(found: readonly ScalingResult[]): void {
  const losses = new Map<number, number>();
  for (const point of found) {
    if (point.job === "score" || point.firstLoss === null) continue;
    const other = losses.get(point.images) ?? point.firstLoss;
    losses.set(point.images, other);
    if (Math.abs(point.firstLoss - other) <= 1e-4 * other) continue;
    throw new Error(
      `${keyOf(point)}: the loss of the first epoch is ${point.firstLoss}, and ${other} where features are kept ` +
        "otherwise. Results of two versions do not compare: measure with --again.",
    );
  }
}

const command = new Command("scaling")
  .description("measure what scoring and training cost in time and memory as the work grows")
  .option("--quick", "a few tiny points, printed alone: to try the benchmark out")
  .option("--again", "measure what is in the results already")
  .option("--page", "write the page alone")
  .action(main);

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
