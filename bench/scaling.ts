/**
 * Measures how the time and memory of scoring and training grow with the size of images, the batch size and the number
 * of images. Writes bench/results/scaling.json after every point and, at the end, the tables and plots in
 * docs/performance.md. It skips what is in the results already.
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
import { runCommand } from "./run-command.js";
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
  const precisions = precisionsHere(await loadAddon());
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
  return { ...point, ...(JSON.parse(stdout) as Measured), environment: await describeEnvironment() };
}

/** Checks that where features are kept does not change the results: the losses of the first epochs must be equal. */
function requireOneLoss(found: readonly ScalingResult[]): void {
  const losses = new Map<number, number>();
  for (const point of found) {
    if (point.job === "score" || point.firstLoss === null) continue;
    const other = losses.get(point.images) ?? point.firstLoss;
    losses.set(point.images, other);
    if (Math.abs(point.firstLoss - other) <= 1e-4 * other) continue;
    throw new Error(
      `${keyOf(point)}: the loss of the first epoch is ${point.firstLoss}, ` +
        `but ${other} if features are kept elsewhere. ` +
        "If the results come from different versions, measure again with --again.",
    );
  }
}

const command = new Command("scaling")
  .description("measure how the time and memory of scoring and training grow with the work")
  .option("--quick", "only measure and print a few tiny points, to try the benchmark out")
  .option("--again", "measure again what is already in the results")
  .option("--page", "only write the page")
  .action(main);

await runCommand(command);
