import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { train, type RawImage, type TrainProgress } from "../../../lib/index.js";
import { cancellable } from "../../../lib/native/cancellable.js";
import { loadAddon } from "../../../lib/native/loader.js";
import { runSource } from "../support/child-process.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

process.removeAllListeners("warning");

// How long a batch takes depends on the machine: it is measured first, once everything is warm, and the bounds are
// fractions of that. Processor time is compared, because other programs add to any other.
const batch = (count: number): RawImage[] => Array<RawImage>(count).fill(noise(32, 32, 3, 1));
const options = { imageSize: 32, epochs: 1, batchSize: 4 };

/** How long work takes and how much it computes, in milliseconds. */
interface Cost {
  elapsed: number;
  computed: number;
}

async function cost(work: () => Promise<unknown>): Promise<Cost> {
  const [begin, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { elapsed: performance.now() - begin, computed: (user + system) / 1000 };
}

/** Asserts that ending work computed less than a quarter of what the whole of it does. */
function isSoon(t: ExecutionContext, ended: number, whole: number): void {
  t.true(ended < whole / 4, `${Math.round(ended)} ms of ${Math.round(whole)} ms`);
}

test.serial(
  "an abort in the last batch of scoring rejects long before the batch would have ended",
  async (t) => {
    await using detector = await train(batch(4), options);
    const images = batch(200);
    const score = () => detector.scoreBatch(images, { batchSize: 200 });
    await score();
    const whole = await cost(score);
    const controller = new AbortController();
    const scoring = detector.scoreBatch(images, { batchSize: 200, signal: controller.signal });
    scoring.catch(() => {});
    await sleep(whole.elapsed / 4);
    controller.abort();
    const ended = await cost(() => rejects(t, scoring, "ABORTED"));
    isSoon(t, ended.computed, whole.computed);
    t.is((await detector.scoreBatch(batch(2))).length, 2);
  },
);

test.serial(
  "an abort in the only batch of a training rejects long before the batch would have ended",
  async (t) => {
    const images = batch(120);
    let read = 0;
    const onProgress = ({ phase }: TrainProgress) => {
      if (phase === "reading") read = performance.now();
    };
    const one = { ...options, batchSize: 120, calibrate: false, onProgress };
    const all = async () => (await train(images, one)).dispose();
    await all();
    const whole = await cost(all);
    const training = performance.now() - read;
    const controller = new AbortController();
    const aborted = train(images, { ...one, signal: controller.signal });
    aborted.catch(() => {});
    read = Infinity;
    while (performance.now() - read < training / 4 || read === Infinity) await sleep(5);
    controller.abort();
    const ended = await cost(() => rejects(t, aborted, "ABORTED"));
    isSoon(t, ended.computed, whole.computed);
  },
);

test.serial("work that ends after it was aborted is aborted all the same", async (t) => {
  const controller = new AbortController();
  const work = cancellable(await loadAddon(), controller.signal, () => {
    controller.abort(new Error("too late"));
    return Promise.resolve("a result");
  });
  t.is((await rejects(t, work, "ABORTED", /too late/))?.cause, controller.signal.reason);
});

const measured = `
  const { setTimeout: sleep } = await import("node:timers/promises");
  const many = (count) => Array(count).fill(images[0]);
  const computed = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
  const cost = async (work) => {
    const [begin, before] = [performance.now(), computed()];
    await work();
    return { elapsed: performance.now() - begin, computed: computed() - before };
  };`;
const works = {
  scoring: `
    const detector = await train(images, small);
    const work = () => detector.scoreBatch(many(100), { batchSize: 100 });`,
  training: `const work = async () => (await train(many(50), { ...small, batchSize: 50 })).dispose();`,
};

for (const [what, work] of Object.entries(works)) {
  test.serial(`process.exit() does not wait for a large batch of ${what} to end`, async (t) => {
    const { code, stdout, stderr } = await runSource(`${measured}${work}
      await work();
      const whole = await cost(work);
      void work();
      await sleep(whole.elapsed / 2);
      const before = computed();
      process.on("exit", () => console.log(JSON.stringify([computed() - before, whole.computed])));
      process.exit(7);`);
    t.is(code, 7, stderr);
    isSoon(t, ...(JSON.parse(stdout) as [number, number]));
  });
}

test.serial("worker.terminate() does not wait for a large batch to end", async (t) => {
  const { code, stdout, stderr } = await runSource(`${measured}
    const { Worker } = await import("node:worker_threads");
    const source = \`(async () => {
      const { parentPort } = await import("node:worker_threads");
      (await import("tsx/esm/api")).register();
      const { train } = await import("\${root}lib/index.ts");
      const image = { data: new Uint8Array(64 * 64 * 3), width: 64, height: 64, channels: 3 };
      const detector = await train([image, image], { imageSize: 64, epochs: 1, batchSize: 2 });
      const score = () => detector.scoreBatch(Array(100).fill(image), { batchSize: 100 });
      await score();
      parentPort.postMessage("warm");
      await score();
      parentPort.postMessage("measured");
      await score();
    })();\`;
    const worker = new Worker(source, { eval: true });
    const message = () => new Promise((resolve) => worker.once("message", resolve));
    await message();
    const whole = await cost(message);
    await sleep(whole.elapsed / 2);
    const before = computed();
    await worker.terminate();
    console.log(JSON.stringify([computed() - before, whole.computed]));`);
  t.is(code, 0, stderr);
  isSoon(t, ...(JSON.parse(stdout) as [number, number]));
});
