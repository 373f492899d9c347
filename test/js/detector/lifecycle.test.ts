import test, { type ExecutionContext } from "ava";
import { runSource, sceneSource, type Ended } from "../support/child-process.js";

/** Asserts that a process ended by itself, with this code and this output. */
function ended(
  t: ExecutionContext,
  { code, signal, stdout, stderr }: Ended,
  expected: number,
  output: string,
): void {
  t.deepEqual(
    { code, signal, stdout: stdout.trim() },
    { code: expected, signal: null, stdout: output },
    stderr,
  );
}

/** Source of a worker thread that is handed `image`, `images`, ... and tells its parent "running" by `tell`. */
function worker(source: string): string {
  return `
    const { Worker } = await import("node:worker_threads");
    const source = \`(async () => {
      const { parentPort } = await import("node:worker_threads");
      (await import("tsx/esm/api")).register();
      const tell = () => parentPort.postMessage("running");
      ${(sceneSource + source).replaceAll(/[\\`$]/g, "\\$&")}
    })().catch((error) => { setImmediate(() => { throw error; }); });\`;
    const start = () => new Worker(source, { eval: true });
    const running = (thread) => new Promise((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", reject);
    });`;
}

const trainForever = `await train(images, { ...long, onProgress: ({ phase }) => phase === "training" && tell() });`;
const scoreForever = `
  const detector = await train(images, small);
  const again = () => void detector.score(images[0]).then(again);
  for (let i = 0; i < 8; i++) again();
  tell();`;

test.serial("process.exit() during training ends with its code", async (t) => {
  const result = await runSource(`
    await train(images, { ...long, onProgress: ({ phase }) => phase === "training" && process.exit(7) });`);
  ended(t, result, 7, "");
});

test.serial("process.exit() while images are read ends with its code", async (t) => {
  ended(t, await runSource(`await train(images, { ...long, onProgress: () => process.exit(7) });`), 7, "");
});

test.serial("process.exit() during scoring ends with its code", async (t) => {
  const result = await runSource(`
    const detector = await train(images, small);
    for (let i = 0; i < 20; i++) void detector.score(images[0]);
    setTimeout(() => process.exit(7), 30);`);
  ended(t, result, 7, "");
});

test.serial("an uncaught exception during training ends the process as usual", async (t) => {
  const result = await runSource(`
    setTimeout(() => { throw new Error("elsewhere"); }, 1500);
    await train(images, long);`);
  t.deepEqual([result.code, result.signal], [1, null]);
  t.regex(result.stderr, /elsewhere/);
});

test.serial(
  "a process ends by itself when its work is done, whether or not the detector is disposed of",
  async (t) => {
    const result = await runSource(`
    const detector = await train(images, small);
    const { score } = await detector.score(images[0]);
    console.log(score > 0);`);
    ended(t, result, 0, "true");
  },
);

for (const [what, source] of [
  ["training", trainForever],
  ["scoring", scoreForever],
] as const) {
  test.serial(`worker.terminate() during ${what} ends the worker alone`, async (t) => {
    const result = await runSource(`${worker(source)}
      const thread = start();
      await running(thread);
      await thread.terminate();
      const detector = await train(images, small);
      console.log((await detector.score(images[0])).score > 0);
      await detector.dispose();`);
    ended(t, result, 0, "true");
  });

  test.serial(`a worker that exits by itself during ${what} ends alone`, async (t) => {
    const exits = source.replace("tell()", "process.exit(5)");
    const result = await runSource(`${worker(exits)}
      const thread = start();
      console.log(await new Promise((resolve) => thread.once("exit", resolve)));`);
    ended(t, result, 0, "5");
  });

  test.serial(`process.exit() while a worker is ${what} ends with its code`, async (t) => {
    const result = await runSource(`${worker(source)}
      await running(start());
      process.exit(7);`);
    ended(t, result, 7, "");
  });
}

test.serial("two environments train at the same time, and each gets its own detector", async (t) => {
  const result = await runSource(`${worker(`await (await train(images, small)).dispose(); tell();`)}
    const [own] = await Promise.all([train(images, small), running(start()), running(start())]);
    console.log((await own.score(images[0])).score > 0);`);
  ended(t, result, 0, "true");
});

test.serial("maps are freed when they are collected, and models when they are disposed of", async (t) => {
  const result = await runSource(
    `
    const { setTimeout: sleep } = await import("node:timers/promises");
    const detector = await train(images, small);
    const kept = await detector.score(images[0]);
    for (let i = 0; i < 30; i++) await detector.score(images[0]);
    const most = (await loadAddon()).info().liveMaps;
    for (let i = 0; i < 50 && (await loadAddon()).info().liveMaps > 1; i++) {
      gc();
      await sleep(20);
    }
    console.log(most > 1, (await loadAddon()).info().liveMaps, (await loadAddon()).info().liveModels);
    await detector.dispose();
    console.log((await loadAddon()).info().liveModels, kept.map.data.every(Number.isFinite));`,
    { node: ["--expose-gc"] },
  );
  ended(t, result, 0, "true 1 1\n0 true");
});

// Other processes on the machine delay the loop as well: what blocks it delays all three attempts.
for (const [what, work] of [
  ["training", `await (await train(images, { ...small, epochs: 30 })).dispose();`],
  [
    "scoring",
    `for (let i = 0; i < 10; i++) await Promise.all(images.map((image) => detector.score(image)));`,
  ],
] as const) {
  test.serial(`while ${what}, the event loop's delay stays below 20 ms (99th percentile)`, async (t) => {
    const result = await runSource(`
      const { monitorEventLoopDelay } = await import("node:perf_hooks");
      const detector = await train(images, small);
      const delays = [];
      for (let attempt = 0; attempt < 3 && !(Math.min(...delays) < 20); attempt++) {
        const monitor = monitorEventLoopDelay({ resolution: 2 });
        monitor.enable();
        ${work}
        monitor.disable();
        delays.push(monitor.percentile(99) / 1e6);
      }
      console.log(JSON.stringify(delays));`);
    t.is(result.code, 0, result.stderr);
    const delays = JSON.parse(result.stdout) as number[];
    t.true(Math.min(...delays) < 20, `${delays.map((delay) => delay.toFixed(1)).join(", ")} ms`);
  });
}
