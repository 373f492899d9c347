import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { train, type RawImage } from "../../../lib/index.js";
import { cancellable } from "../../../lib/native/cancellable.js";
import { loadAddon } from "../../../lib/native/loader.js";
import { runSource } from "../support/child-process.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

process.removeAllListeners("warning");

// How long a batch takes depends on the machine and on what else it does: it is measured first, and the bounds are
// fractions of that.
const batch = (count: number): RawImage[] => Array<RawImage>(count).fill(noise(32, 32, 3, 1));
const options = { imageSize: 32, epochs: 1, batchSize: 4 };

async function duration(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

test.serial(
  "an abort in the last batch of scoring rejects long before the batch would have ended",
  async (t) => {
    await using detector = await train(batch(4), options);
    const images = batch(400);
    const whole = await duration(() => detector.scoreBatch(images, { batchSize: 400 }));
    const controller = new AbortController();
    const scoring = detector.scoreBatch(images, { batchSize: 400, signal: controller.signal });
    scoring.catch(() => {});
    await sleep(whole / 4);
    controller.abort();
    const waited = await duration(() => rejects(t, scoring, "ABORTED"));
    t.true(waited < whole / 4, `${Math.round(waited)} ms of ${Math.round(whole)} ms`);
    t.is((await detector.scoreBatch(batch(2))).length, 2);
  },
);

test.serial(
  "an abort in the only batch of a training rejects long before the batch would have ended",
  async (t) => {
    const images = batch(300);
    const one = { ...options, batchSize: 300 };
    const whole = await duration(async () => (await train(images, one)).dispose());
    const controller = new AbortController();
    const training = train(images, { ...one, signal: controller.signal });
    training.catch(() => {});
    await sleep(whole / 2);
    controller.abort();
    const waited = await duration(() => rejects(t, training, "ABORTED"));
    t.true(waited < whole / 4, `${Math.round(waited)} ms of ${Math.round(whole)} ms`);
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
  const duration = async (work) => {
    const begin = performance.now();
    await work();
    return performance.now() - begin;
  };`;
const works = {
  scoring: `
    const detector = await train(images, small);
    const work = () => detector.scoreBatch(many(150), { batchSize: 150 });`,
  training: `const work = async () => (await train(many(80), { ...small, batchSize: 80 })).dispose();`,
};

for (const [what, work] of Object.entries(works)) {
  test.serial(`process.exit() does not wait for a large batch of ${what} to end`, async (t) => {
    const { code, stdout, stderr } = await runSource(`${measured}${work}
      const whole = await duration(work);
      void work();
      await sleep(whole / 2);
      const begin = performance.now();
      process.on("exit", () => console.log(JSON.stringify([performance.now() - begin, whole])));
      process.exit(7);`);
    t.is(code, 7, stderr);
    const [waited, whole] = JSON.parse(stdout) as [number, number];
    t.true(waited < whole / 4, `${Math.round(waited)} ms of ${Math.round(whole)} ms`);
  });
}

test.serial("worker.terminate() does not wait for a large batch to end", async (t) => {
  const { code, stdout, stderr } = await runSource(`
    const { Worker } = await import("node:worker_threads");
    const source = \`(async () => {
      const { parentPort } = await import("node:worker_threads");
      (await import("tsx/esm/api")).register();
      const { train } = await import("\${root}lib/index.ts");
      const image = { data: new Uint8Array(64 * 64 * 3), width: 64, height: 64, channels: 3 };
      const detector = await train([image, image], { imageSize: 64, epochs: 1, batchSize: 2 });
      const score = () => detector.scoreBatch(Array(150).fill(image), { batchSize: 150 });
      const begin = performance.now();
      await score();
      const scoring = score();
      parentPort.postMessage(performance.now() - begin);
      await scoring;
    })();\`;
    const worker = new Worker(source, { eval: true });
    const whole = await new Promise((resolve) => worker.once("message", resolve));
    await new Promise((resolve) => setTimeout(resolve, whole / 2));
    const begin = performance.now();
    await worker.terminate();
    console.log(JSON.stringify([performance.now() - begin, whole]));`);
  t.is(code, 0, stderr);
  const [waited, whole] = JSON.parse(stdout) as [number, number];
  t.true(waited < whole / 4, `${Math.round(waited)} ms of ${Math.round(whole)} ms`);
});
