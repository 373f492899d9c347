/** One client of the soak test: requests of all kinds, one after another or in bursts, until the deadline. */
import { readFile } from "node:fs/promises";
import { createHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout } from "node:timers";
import { parentPort, workerData } from "node:worker_threads";
import { noise } from "./images.mjs";

/** @type {typeof import("../../lib/index.js")} */
const { Detector, ReverseDistillationError } = await import(
  new URL("../../dist/index.js", import.meta.url).href
);
/** @type {{ model: string, images: import("./images.mjs").ImagePaths, deadline: number, seed: number }} */
const { model, images, deadline, seed } = workerData;

/** Requests between two reloads of the model. */
const reloadEvery = 100;
const maxQueue = 6;

/** @type {import("../soak.mjs").WorkerReport} */
const report = { outcomes: {}, wrong: [], latencies: {}, reloads: 0, longestBlock: 0 };
const block = monitorEventLoopDelay({ resolution: 10 });
block.enable();

let state = seed;
const random = () => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return state / 2 ** 32;
};
/** @template T @param {readonly T[]} list */
const pick = (list) => /** @type {T} */ (list[Math.floor(random() * list.length)]);

const jpeg = await readFile(images.jpeg);
const probe = noise(90, 70, 3, seed);

/** Loads the model that lies there now, and what it says of the probe. */
async function load() {
  const loaded = await Detector.load(model, { batching: { maxQueue } });
  return { detector: loaded, expected: (await loaded.score(probe)).score };
}
let current = await load();

/** @param {number} score */
function requireScore(score) {
  if (!Number.isFinite(score)) throw new Error(`the score is ${score}`);
}

/** A signal that is aborted after so many milliseconds. @param {number} delay */
const abortedAfter = (delay) => {
  const { AbortController } = globalThis;
  const controller = new AbortController();
  if (delay === 0) controller.abort();
  else setTimeout(() => controller.abort(), delay);
  return controller.signal;
};

/** @typedef {(detector: import("../../lib/index.js").Detector) => Promise<void>} Send */

/** What is sent: [name, the outcomes that are right, how]. @type {readonly [string, readonly string[], Send][]} */
const valid = [
  [
    "pixels",
    ["ok"],
    async (detector) => {
      const { score } = await detector.score(probe);
      const { expected } = current;
      // Another batch may round differently; another image or another model differs by more.
      if (current.detector === detector && Math.abs(score - expected) > 1e-4 * Math.abs(expected))
        throw new Error(`the probe scores ${score} instead of ${expected}`);
    },
  ],
  ["PNG by path", ["ok"], async (detector) => requireScore((await detector.score(images.png)).score)],
  ["JPEG by bytes", ["ok"], async (detector) => requireScore((await detector.score(jpeg)).score)],
  [
    "batch of three",
    ["ok"],
    async (detector) => {
      const scores = await detector.scoreBatch([probe, images.png, jpeg], { batchSize: 2 });
      if (scores.length !== 3) throw new Error(`${scores.length} scores`);
      for (const { score } of scores) requireScore(score);
    },
  ],
];
/** @type {readonly [string, readonly string[], Send][]} */
const invalid = [
  ["absent file", ["NOT_FOUND"], async (detector) => void (await detector.score(images.absent))],
  ["cut file", ["INVALID_IMAGE"], async (detector) => void (await detector.score(images.cut))],
  ["text file", ["INVALID_IMAGE"], async (detector) => void (await detector.score(images.text))],
  [
    "pixels of another size",
    ["INVALID_IMAGE"],
    async (detector) => void (await detector.score({ ...probe, width: 3 })),
  ],
  // @ts-expect-error It is no image.
  ["number", ["INVALID_ARGUMENT"], async (detector) => void (await detector.score(42))],
  [
    "batch with an absent file",
    ["NOT_FOUND"],
    async (detector) => void (await detector.scoreBatch([probe, images.absent])),
  ],
  [
    "aborted",
    ["ABORTED"],
    async (detector) => void (await detector.score(probe, { signal: abortedAfter(0) })),
  ],
  [
    "aborted soon",
    ["ABORTED", "ok"],
    async (detector) => void (await detector.score(images.png, { signal: abortedAfter(1 + 20 * random()) })),
  ],
  ["damaged model", ["INVALID_FILE"], async () => void (await Detector.load(images.png))],
  [
    "disposed detector",
    ["DISPOSED"],
    async () => {
      const { detector } = await load();
      await detector.dispose();
      await detector.score(probe);
    },
  ],
];

/**
 * Sends one request, and notes how it ended.
 *
 * @param {readonly [string, readonly string[], Send]} request
 * @param {readonly string[]} [also] other outcomes that are right.
 */
async function send([name, right, how], also = []) {
  const start = performance.now();
  let outcome = "ok";
  try {
    await how(current.detector);
  } catch (error) {
    outcome = error instanceof ReverseDistillationError ? error.code : "another error";
    if (outcome === "another error" || ![...right, ...also].includes(outcome))
      report.wrong.push(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  if (outcome === "ok" && !right.includes("ok")) report.wrong.push(`${name} was accepted`);
  const counts = (report.outcomes[name] ??= {});
  counts[outcome] = (counts[outcome] ?? 0) + 1;
  const nanoseconds = Math.max(1, Math.round(1e6 * (performance.now() - start)));
  (report.latencies[name] ??= createHistogram()).record(nanoseconds);
}

/** Replaces the detector while others may still use the old one, as services do. */
async function reload() {
  const old = current.detector;
  current = await load();
  await old.dispose();
  report.reloads++;
}

while (Date.now() < deadline) {
  const request = random() < 0.8 ? pick(valid) : pick(invalid);
  if (random() < 0.1) {
    // More than the queue holds: those that find no room are told so.
    const burst = Array.from({ length: 2 * maxQueue }, () => send(request, ["QUEUE_FULL"]));
    await Promise.all(burst);
  } else {
    await send(request);
  }
  if (random() < 1 / reloadEvery) await reload();
}
await current.detector.dispose();
report.longestBlock = block.max / 1e6;
parentPort?.postMessage(report);
