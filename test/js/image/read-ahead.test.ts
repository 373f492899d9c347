import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { readAhead } from "../../../lib/image/read-ahead.js";
import { rejects } from "../support/rejection.js";

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

/** Numbers from 0, noting how many were asked for and whether the end was announced. */
function counter(count: number) {
  const state = { asked: 0, closed: false };
  function* numbers() {
    try {
      while (state.asked < count) yield state.asked++;
    } finally {
      state.closed = true;
    }
  }
  return { state, source: numbers() };
}

test("results come in the source's order, however long each takes", async (t) => {
  const delays = [30, 5, 20, 0, 10];
  const map = async (delay: number, index: number) => {
    await sleep(delay);
    return index;
  };
  t.deepEqual(await collect(readAhead(delays, map, { limit: 3 })), [0, 1, 2, 3, 4]);
});

test("no more than the limit are worked on at once, and that many are", async (t) => {
  let running = 0;
  let most = 0;
  const map = async () => {
    most = Math.max(most, ++running);
    await sleep(2);
    running--;
  };
  await collect(readAhead(Array.from({ length: 12 }), map, { limit: 4 }));
  t.is(most, 4);
});

test("an item that is lent holds the source back until it is done with", async (t) => {
  const { state, source } = counter(5);
  const map = (item: number) => Promise.resolve(item);
  for await (const item of readAhead(source, map, { limit: 4, lent: () => true }))
    t.is(state.asked, item + 1);
});

test("ending early closes the source", async (t) => {
  const { state, source } = counter(100);
  for await (const item of readAhead(source, (number) => Promise.resolve(number), { limit: 2 })) {
    if (item === 3) break;
  }
  t.true(state.closed);
  t.true(state.asked < 8);
});

test("a failure comes in its turn, closes the source, and later ones are not unhandled", async (t) => {
  const { state, source } = counter(100);
  const seen: number[] = [];
  const map = (item: number) =>
    item < 2 ? Promise.resolve(item) : Promise.reject(new Error(`item ${item}`));
  await t.throwsAsync(
    async () => {
      for await (const item of readAhead(source, map, { limit: 4 })) seen.push(item);
    },
    { message: "item 2" },
  );
  t.deepEqual(seen, [0, 1]);
  t.true(state.closed);
  await sleep(1);
});

test("what the source throws is the cause of the failure, and the source is not closed again", async (t) => {
  const thrown = new Error("broken");
  let closed = false;
  const source = {
    [Symbol.iterator]: () => ({
      next: (): IteratorResult<number> => {
        throw thrown;
      },
      return: () => ((closed = true), { done: true as const, value: undefined }),
    }),
  };
  const work = collect(readAhead(source, (item) => Promise.resolve(item), { limit: 2 }));
  t.is((await rejects(t, work, "ABORTED", /threw: broken/))?.cause, thrown);
  t.false(closed);
});

test("a signal ends it between items and while the source keeps it waiting", async (t) => {
  const controller = new AbortController();
  async function* stalled() {
    yield 1;
    setImmediate(() => controller.abort(new Error("enough")));
    await new Promise(() => undefined);
  }
  const map = (item: number) => Promise.resolve(item);
  const { signal } = controller;
  await rejects(t, collect(readAhead(stalled(), map, { limit: 2, signal })), "ABORTED", /enough/);
  await rejects(t, collect(readAhead([1, 2], map, { limit: 2, signal })), "ABORTED", /enough/);
});
