import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { ScoreQueue, type ComputeBatch } from "../../../lib/detector/score-queue.js";
import type { RawImage } from "../../../lib/image/raw-image.js";
import type { ComputedScore } from "../../../lib/detector/computed-score.js";
import { batchingKind, type BatchingOptions } from "../../../lib/options/batching.js";
import { rejects } from "../support/rejection.js";

/** An image of one pixel, whose value is the score that it is to get. */
const image = (value: number): RawImage => ({
  data: Uint8Array.of(value),
  width: 1,
  height: 1,
  channels: 1,
});
const valueOf = ({ data }: { data: ArrayLike<number> }) => data[0]!;
const scoreOf = (value: number): ComputedScore => ({
  score: value,
  image: { brightness: 0, contrast: 0, sharpness: 0 },
  map: new Float32Array([value]),
  height: 1,
  width: 1,
  mask: undefined,
});

/** Waits until nothing more happens by itself: no test must depend on how fast the machine is. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}

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
    await settled();
  }
}

function queueOf(options: BatchingOptions = {}) {
  const computation = new Computation();
  const queue = new ScoreQueue(computation.compute, batchingKind.check("batching", options));
  const score = (value: number, signal?: AbortSignal, bytes = 1) =>
    queue.score({ bytes, prepare: () => Promise.resolve(image(value)) }, signal).then(({ score }) => score);
  return { computation, queue, score };
}

test("calls in one turn of the event loop form a batch of up to maxBatch, and each gets its own answer", async (t) => {
  const { computation, score } = queueOf({ maxBatch: 3 });
  const answers = [1, 2, 3, 4, 5].map((value) => score(value));
  await settled();
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
  await settled();
  answers.push(score(2));
  await settled();
  answers.push(score(3));
  await settled();
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
  await settled();
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
  const prepare = () => Promise.reject(new Error("no image"));
  const bad = queue.score({ bytes: 1, prepare }, undefined);
  await t.throwsAsync(bad, { message: "no image" });
  await settled();
  await computation.end();
  t.is(await good, 1);
});

test("an image that cannot be scored fails alone, and the others in its batch are computed again", async (t) => {
  const { computation, score } = queueOf();
  computation.bad = 2;
  const answers = [1, 2, 3].map((value) => score(value));
  const outcomes = Promise.allSettled(answers);
  await settled();
  for (let i = 0; i < 4; i++) await computation.end();
  t.deepEqual(computation.batches, [[1, 2, 3], [1], [2], [3]]);
  t.deepEqual(await outcomes, [
    { status: "fulfilled", value: 1 },
    { status: "rejected", reason: new Error("cannot compute 2") },
    { status: "fulfilled", value: 3 },
  ]);
});

test("an aborted image leaves the queue, and the others keep their places", async (t) => {
  const { computation, score } = queueOf({ maxQueue: 3 });
  const controller = new AbortController();
  const running = score(1);
  await settled();
  const aborted = score(2, controller.signal);
  const waiting = score(3);
  await refused(t, score(4));
  controller.abort(new Error("changed my mind"));
  const error = await rejects(t, aborted, "ABORTED", /changed my mind/);
  t.is((error?.cause as Error).message, "changed my mind");
  const late = score(5);
  await settled();
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
  await settled();
  one.abort();
  await rejects(t, aborted, "ABORTED", /aborted/);
  await computation.end();
  t.is(await kept, 2);

  const alone = score(3, other.signal);
  await settled();
  other.abort();
  await rejects(t, alone, "ABORTED", /aborted/);
  await settled();
  const next = score(4);
  await settled();
  t.deepEqual(computation.batches.at(-1), [4], "the queue must not wait for a batch that nobody wants");
  await computation.end();
  t.is(await next, 4);
});

/** Images that are prepared when they are told to be, and how often that was begun. */
class Preparation {
  begun: number[] = [];
  readonly #open: (() => void)[] = [];

  of(value: number) {
    const prepare = async () => {
      this.begun.push(value);
      await new Promise<void>((resolve) => this.#open.push(resolve));
      return image(value);
    };
    return { bytes: 1, prepare };
  }

  /** Ends all that were begun. */
  async end(): Promise<void> {
    for (const open of this.#open.splice(0)) open();
    await settled();
  }
}

test("an image that is aborted while it is decoded is rejected immediately, and keeps its place until that has ended", async (t) => {
  const { queue, score, computation } = queueOf({ maxQueue: 1 });
  const preparation = new Preparation();
  const controller = new AbortController();
  const stuck = queue.score(preparation.of(1), controller.signal);
  await refused(t, score(2));
  controller.abort();
  await rejects(t, stuck, "ABORTED", /aborted/);
  await refused(t, score(2));
  await preparation.end();
  const next = score(2);
  await settled();
  await computation.end();
  t.is(await next, 2);
  t.deepEqual(computation.batches, [[2]], "nobody wants the aborted one any more");
});

test("an image that is aborted while it is computed keeps its place until that has ended", async (t) => {
  const { score, computation } = queueOf({ maxQueue: 2 });
  const controller = new AbortController();
  const aborted = score(1, controller.signal);
  const kept = score(2);
  await settled();
  controller.abort();
  await rejects(t, aborted, "ABORTED", /aborted/);
  await refused(t, score(3));
  await computation.end();
  t.is(await kept, 2);
  const next = score(3);
  await settled();
  await computation.end();
  t.is(await next, 3);
});

test("images are decoded in the order of the calls, at most one batch ahead of the one that is computed", async (t) => {
  const { queue, computation } = queueOf({ maxBatch: 2 });
  const preparation = new Preparation();
  const values = Array.from({ length: 7 }, (_, value) => value);
  const answers = values.map((value) => queue.score(preparation.of(value), undefined));
  await settled();
  t.deepEqual(preparation.begun, [0, 1]);
  await preparation.end();
  t.deepEqual(computation.batches, [[0, 1]]);
  t.deepEqual(preparation.begun, [0, 1, 2, 3]);
  await preparation.end();
  t.deepEqual(preparation.begun, [0, 1, 2, 3], "the next batch is there, and this one is not done");
  await computation.end();
  t.deepEqual(preparation.begun, [0, 1, 2, 3, 4, 5]);
  await preparation.end();
  await computation.end();
  await preparation.end();
  await computation.end();
  await computation.end();
  t.deepEqual(
    (await Promise.all(answers)).map(({ score }) => score),
    values,
  );
});

test.serial("after 4,000 aborted calls, the next one is the next that is decoded", async (t) => {
  const { queue, computation } = queueOf({ maxBatch: 2, maxQueue: 100 });
  const preparation = new Preparation();
  const outcomes = new Map<string, number>();
  for (let wave = 0; wave < 40; wave++) {
    const controller = new AbortController();
    const calls = Array.from({ length: 100 }, (_, i) =>
      queue.score(preparation.of(100 * wave + i), controller.signal),
    );
    await settled();
    controller.abort();
    for (const { reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
      const { code } = reason as { code: string };
      outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
    }
  }
  t.deepEqual(preparation.begun, [0, 1], "the first two are being decoded all that time");
  // Those two have their places, so two of each later wave find none.
  t.deepEqual(
    [...outcomes],
    [
      ["ABORTED", 100 + 39 * 98],
      ["QUEUE_FULL", 39 * 2],
    ],
  );
  const honest = queue.score(preparation.of(-1), undefined);
  await preparation.end();
  t.deepEqual(preparation.begun, [0, 1, -1]);
  await preparation.end();
  await computation.end();
  t.is((await honest).score, -1 & 255);
});

test("images wait up to a bound of bytes, which an aborted or finished call leaves", async (t) => {
  const { score, computation } = queueOf({ maxBatch: 1, maxQueuedBytes: 100 });
  const controller = new AbortController();
  const accepted = [score(1, undefined, 60)];
  const aborted = score(2, controller.signal, 40);
  accepted.push(score(3, undefined, 0));
  const error = await rejects(t, score(4, undefined, 1), "QUEUE_FULL");
  t.is(
    error?.message,
    "With this image of 1 bytes, the detector's 4 unfinished calls of score would hold 101 bytes of images; " +
      "batching.maxQueuedBytes allows 100: await some of the calls before scoring more, pass paths, which are read only " +
      "when their turn comes, or raise the limit.",
  );
  controller.abort();
  await rejects(t, aborted, "ABORTED");
  accepted.push(score(4, undefined, 40));
  await settled();
  for (let i = 0; i < 3; i++) await computation.end();
  t.deepEqual(await Promise.all(accepted), [1, 3, 4]);
  const large = score(5, undefined, 1000);
  await rejects(t, score(6, undefined, 1), "QUEUE_FULL", /hold 1001 bytes/);
  await settled();
  await computation.end();
  t.is(await large, 5, "a single image is scored whatever its size");
});

test.serial("by default, thousands of calls wait", async (t) => {
  const { score, computation } = queueOf({ maxBatch: 1000 });
  const answers = Array.from({ length: 3000 }, () => score(1));
  for (let i = 0; i < 3; i++) {
    await settled();
    await computation.end();
  }
  t.is((await Promise.all(answers)).length, 3000);
});

test("a full queue refuses immediately and names its limit, and accepts images again when there is room", async (t) => {
  const { computation, score } = queueOf({ maxBatch: 1, maxQueue: 2 });
  const accepted = [score(1), score(2)];
  const error = await refused(t, score(3));
  t.regex(
    error!.message,
    /has 2 unfinished calls of score, the limit set by batching\.maxQueue: await some /,
  );
  await settled();
  await computation.end();
  await computation.end();
  t.deepEqual(await Promise.all(accepted), [1, 2]);
  const next = score(4);
  await settled();
  await computation.end();
  t.is(await next, 4);
});

function refused(t: ExecutionContext, call: Promise<unknown>): ReturnType<typeof rejects> {
  return rejects(t, call, "QUEUE_FULL", /the limit set by batching\.maxQueue/);
}
