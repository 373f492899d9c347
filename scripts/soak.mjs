/**
 * Loads the package from several worker threads for a while, with valid and invalid requests, while models are trained
 * again, saved over the old ones and loaded again. Prints the requests, the errors by code, the latencies and the
 * memory. Fails if an answer was wrong or not the error that the request must give, or if memory keeps growing.
 *
 *   npm run soak -- --minutes 10 [--workers 4] [--seed 1]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHistogram } from "node:perf_hooks";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { reportFailure, setUp } from "./setup.mjs";
import { MemoryTrend } from "./soak/memory.mjs";
import { noise, writeImages } from "./soak/images.mjs";

/**
 * What a worker hands over when it ends.
 *
 * @typedef {{
 *   outcomes: Record<string, Record<string, number>>,
 *   wrong: string[],
 *   latencies: Record<string, import("node:perf_hooks").RecordableHistogram>,
 *   reloads: number,
 *   longestBlock: number,
 * }} WorkerReport
 */

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    workers: { type: "string", default: "4" },
    seed: { type: "string", default: "1" },
  },
});
const [minutes, workers, seed] = [values.minutes, values.workers, values.seed].map(Number);
if (!(Number(minutes) > 0) || !(Number(workers) >= 1) || !Number.isInteger(seed))
  throw new Error("usage: npm run soak -- --minutes <number> [--workers <number>] [--seed <whole number>]");

/** Seconds between two trainings. */
const pause = 5;

/**
 * Trains again and again until the deadline, and replaces the model file.
 *
 * @param {typeof import("../lib/index.js")} api
 * @param {string} model
 * @param {number} deadline
 */
async function trainUntil(api, model, deadline) {
  let trainings = 0;
  while (Date.now() < deadline) {
    const images = [0, 1, 2, 3].map((index) => noise(64, 64, 3, 100 * trainings + index));
    const detector = await api.train(images, { imageSize: 64, epochs: 2, batchSize: 2, seed: trainings });
    await detector.save(model);
    await detector.dispose();
    trainings++;
    await setTimeout(Math.max(0, Math.min(1000 * pause, deadline - Date.now())));
  }
  return trainings;
}

/**
 * @param {object} workerData
 * @returns {Promise<WorkerReport>}
 */
function runWorker(workerData) {
  return new Promise((resolve, reject) => {
    /** @type {WorkerReport | undefined} */
    let report;
    const worker = new Worker(new URL("./soak/worker.mjs", import.meta.url), { workerData });
    worker.on("message", (message) => (report = message));
    worker.on("error", reject);
    worker.on("exit", (code) => {
      if (report === undefined) reject(new Error(`a worker ended with exit code ${code} and no report`));
      else resolve(report);
    });
  });
}

/** @param {WorkerReport[]} reports */
function print(reports) {
  /** @type {Record<string, Record<string, number>>} */
  const outcomes = {};
  /** @type {Record<string, import("node:perf_hooks").RecordableHistogram>} */
  const latencies = {};
  for (const report of reports) {
    for (const [request, counts] of Object.entries(report.outcomes))
      for (const [outcome, count] of Object.entries(counts)) {
        const all = (outcomes[request] ??= {});
        all[outcome] = (all[outcome] ?? 0) + count;
      }
    for (const [request, histogram] of Object.entries(report.latencies))
      (latencies[request] ??= createHistogram()).add(histogram);
  }
  const total = Object.values(outcomes)
    .flatMap((counts) => Object.values(counts))
    .reduce((sum, count) => sum + count, 0);
  console.log(`\n${total} requests`);
  for (const [request, counts] of Object.entries(outcomes).sort()) {
    const listed = Object.entries(counts).sort((a, b) => b[1] - a[1]);
    console.log(
      `  ${request.padEnd(32)} ${listed.map(([outcome, count]) => `${outcome} ${count}`).join(", ")}`,
    );
  }
  console.log(`\nlatency in milliseconds${"".padEnd(11)}      p50      p90      p99    p99.9      max`);
  for (const [request, histogram] of Object.entries(latencies).sort()) {
    const quantiles = [50, 90, 99, 99.9].map((percent) => histogram.percentile(percent));
    const shown = [...quantiles, histogram.max].map((ns) => (ns / 1e6).toFixed(1).padStart(9));
    console.log(`  ${request.padEnd(32)}${shown.join("")}`);
  }
  return total;
}

const folder = mkdtempSync(join(tmpdir(), "soak-"));
try {
  await setUp({ install: false });
  /** @type {typeof import("../lib/index.js")} */
  const api = await import(new URL("../dist/index.js", import.meta.url).href);
  process.removeAllListeners("warning");
  const model = join(folder, "model.safetensors");
  const images = await writeImages(folder);
  await trainUntil(api, model, Date.now() + 1);
  console.log(`\n${workers} workers for ${minutes} minutes, seed ${seed}`);

  const deadline = Date.now() + Number(minutes) * 60_000;
  const memory = new MemoryTrend();
  const ticking = setInterval(() => memory.sample(), 1000);
  const [trainings, ...reports] = await Promise.all([
    trainUntil(api, model, deadline),
    ...Array.from({ length: Number(workers) }, (_, index) =>
      runWorker({ model, images, deadline, seed: Number(seed) + index }),
    ),
  ]).finally(() => clearInterval(ticking));

  const total = print(reports);
  const reloads = reports.reduce((sum, report) => sum + report.reloads, 0);
  const block = Math.max(...reports.map(({ longestBlock }) => longestBlock));
  console.log(
    `\n${trainings} trainings, ${reloads} reloads; a worker's event loop was busy for up to ${block.toFixed(0)} ms`,
  );
  console.log(memory.describe());

  const wrong = reports.flatMap((report) => report.wrong);
  for (const each of wrong.slice(0, 20)) console.error(`WRONG: ${each}`);
  if (wrong.length > 0) throw new Error(`${wrong.length} requests were answered wrongly.`);
  if (total === 0 || reloads === 0)
    throw new Error("There were no requests or no reloads: run it for longer.");
  if (memory.grows) throw new Error("Memory keeps growing.");
  console.log("\nEvery request was answered as it must be.");
} catch (error) {
  reportFailure(error);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
