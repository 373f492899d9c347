import { setTimeout as wait } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { ScoreQueue, type ComputeBatch } from "../../../lib/detector/score-queue.js";
import type { RawImage } from "../../../lib/image/raw-image.js";
import type { NativeScore } from "../../../lib/native/addon.js";
import { batchingKind, type BatchingOptions } from "../../../lib/options/batching.js";
import { rejects } from "../support/rejection.js";

/** An image of one pixel, whose value is the score that it is to get. */
const image = (value: number): RawImage => ({
  data: Uint8Array.of(value),
  width: 1,
  height: 1,
  channels: 1,
});
const valueOf = ({ data }: RawImage) => data[0]!;
const scoreOf = (value: number): NativeScore => ({ score: value, map: new Float32Array([value]) });

/** A computation that ends when it is told to, and the batches that it was asked for. */
class Computation {
  readonly batches: number[][] = [];
  readonly #open: (() => void)[] = [];
  bad: number | undefined;

  readonly compute: ComputeBatch = async (images, signal) => {
    const values = images.map(valueOf);
    this.batches.push(values);
    await new Promise<void>((resolve, reject) => {
      this.#open.push(resolve);
      signal?.addEventListener("abort", () => {
        this.#open.splice(this.#open.indexOf(resolve), 1);
        reject(new Error("stopped"));
      });
    });
    if (this.bad !== undefined && values.includes(this.bad)) throw new Error(`cannot compute ${this.bad}`);
    return values.map(scoreOf);
  };

  /** Ends the batch that is computed, and lets the next begin. */
  async end(): Promise<void> {
    this.#open.shift()!();
    await wait(5);
  }
}

function queueOf(options: BatchingOptions = {}) {
  const computation = new Computation();
  const queue = new ScoreQueue(computation.compute, batchingKind.check("batching", options));
  const score = (value: number, signal?: AbortSignal) =>
    queue.score(() => Promise.resolve(image(value)), signal).then(({ score }) => score);
  return { computation, queue, score };
}

test("calls in one turn of the event loop form a batch of up to maxBatch, and each gets its own answer", async (t) => {
  const { computation, score } = queueOf({ maxBatch: 3 });
  const answers = [1, 2, 3, 4, 5].map((value) => score(value));
  await wait(5);
  await computation.end();
  await computation.end();
  t.deepEqual(await Promise.all(answers), [1, 2, 3, 4, 5]);
  t.deepEqual(computation.batches, [
    [1, 2, 3],
    [4, 5],
  ]);
});

test("images that arrive while a batch is computed wait for the next one", async (t) => {
  const { computation, score } = queueOf();
  const answers = [score(1)];
  await wait(5);
  answers.push(score(2));
  await wait(5);
  answers.push(score(3));
  await wait(5);
  t.deepEqual(computation.batches, [[1]]);
  await computation.end();
  await computation.end();
  t.deepEqual(await Promise.all(answers), [1, 2, 3]);
  t.deepEqual(computation.batches, [[1], [2, 3]]);
});

test("with a delay, an image waits at most that long for others, and a full batch does not wait", async (t) => {
  const { computation, score } = queueOf({ maxBatch: 2, maxDelayMs: 600 });
  const first = score(1);
  await wait(15);
  t.deepEqual(computation.batches, []);
  const second = score(2);
  await wait(5);
  t.deepEqual(computation.batches, [[1, 2]]);
  await computation.end();
  const alone = score(3);
  const called = performance.now();
  while (computation.batches.length < 2) await wait(5);
  t.deepEqual(computation.batches.at(-1), [3]);
  t.true(performance.now() - called >= 590);
  await computation.end();
  t.deepEqual(await Promise.all([first, second, alone]), [1, 2, 3]);
});

test("an image that cannot be decoded fails alone, before it joins a batch", async (t) => {
  const { computation, queue, score } = queueOf();
  const good = score(1);
  const bad = queue.score(() => Promise.reject(new Error("no image")), undefined);
  await t.throwsAsync(bad, { message: "no image" });
  await wait(5);
  await computation.end();
  t.is(await good, 1);
});

test("an image that cannot be scored fails alone, and the others in its batch are computed again", async (t) => {
  const { computation, score } = queueOf();
  computation.bad = 2;
  const answers = [1, 2, 3].map((value) => score(value));
  const settled = Promise.allSettled(answers);
  await wait(5);
  for (let i = 0; i < 4; i++) await computation.end();
  t.deepEqual(computation.batches, [[1, 2, 3], [1], [2], [3]]);
  t.deepEqual(await settled, [
    { status: "fulfilled", value: 1 },
    { status: "rejected", reason: new Error("cannot compute 2") },
    { status: "fulfilled", value: 3 },
  ]);
});

test("an aborted image leaves the queue, and the others keep their places", async (t) => {
  const { computation, score } = queueOf({ maxQueue: 3 });
  const controller = new AbortController();
  const running = score(1);
  await wait(5);
  const aborted = score(2, controller.signal);
  const waiting = score(3);
  await refused(t, score(4));
  controller.abort(new Error("changed my mind"));
  const error = await rejects(t, aborted, "ABORTED", /changed my mind/);
  t.is((error?.cause as Error).message, "changed my mind");
  const late = score(5);
  await wait(5);
  await computation.end();
  await computation.end();
  t.deepEqual(await Promise.all([running, waiting, late]), [1, 3, 5]);
  t.deepEqual(computation.batches, [[1], [3, 5]]);
});

test("a batch continues when one of its images is aborted, and stops when all are", async (t) => {
  const { computation, score } = queueOf();
  const [one, other] = [new AbortController(), new AbortController()];
  const aborted = score(1, one.signal);
  const kept = score(2);
  await wait(5);
  one.abort();
  await rejects(t, aborted, "ABORTED", /aborted/);
  await computation.end();
  t.is(await kept, 2);

  const alone = score(3, other.signal);
  await wait(5);
  other.abort();
  await rejects(t, alone, "ABORTED", /aborted/);
  await wait(5);
  const next = score(4);
  await wait(5);
  t.deepEqual(computation.batches.at(-1), [4], "the queue must not wait for a batch that nobody wants");
  await computation.end();
  t.is(await next, 4);
});

test("aborting the signal while an image is decoded frees its place and leaves no listener", async (t) => {
  const { queue, score, computation } = queueOf({ maxQueue: 1 });
  const controller = new AbortController();
  const stuck = queue.score(() => new Promise(() => {}), controller.signal);
  await refused(t, score(1));
  controller.abort();
  await rejects(t, stuck, "ABORTED", /aborted/);
  const next = score(2);
  await wait(5);
  await computation.end();
  t.is(await next, 2);
});

test("a full queue refuses immediately and names its limit, and accepts images again when there is room", async (t) => {
  const { computation, score } = queueOf({ maxBatch: 1, maxQueue: 2 });
  const accepted = [score(1), score(2)];
  const error = await refused(t, score(3));
  t.regex(
    error!.message,
    /has 2 unfinished calls of score, the limit set by batching\.maxQueue: await some /,
  );
  await wait(5);
  await computation.end();
  await computation.end();
  t.deepEqual(await Promise.all(accepted), [1, 2]);
  const next = score(4);
  await wait(5);
  await computation.end();
  t.is(await next, 4);
});

function refused(t: ExecutionContext, call: Promise<unknown>): ReturnType<typeof rejects> {
  return rejects(t, call, "QUEUE_FULL", /the limit set by batching\.maxQueue/);
}
