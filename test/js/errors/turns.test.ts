import { setImmediate as turn } from "node:timers/promises";
import test from "ava";
import { Turns } from "../../../lib/errors/turns.js";
import { rejects } from "../support/rejection.js";

/** Work whose start is seen and whose end is told. */
function job(
  turns: Turns,
  started: string[],
  name: string,
  { places = 1, signal }: { places?: number; signal?: AbortSignal } = {},
) {
  let end = () => {};
  const work = async () => {
    started.push(name);
    await new Promise<void>((resolve) => (end = resolve));
    return name;
  };
  return { done: turns.use(places, work, signal), end: () => end() };
}

test("work that is aborted while it waits is rejected immediately, never begins, and holds nothing up", async (t) => {
  const turns = new Turns(2);
  const started: string[] = [];
  const controller = new AbortController();
  const first = job(turns, started, "first");
  const large = job(turns, started, "large", { places: 2, signal: controller.signal });
  const small = job(turns, started, "small");
  await turn();
  t.deepEqual(started, ["first"], "small does not overtake");
  controller.abort(new Error("enough"));
  await rejects(t, large.done, "ABORTED", /enough/);
  t.deepEqual(started, ["first", "small"]);
  for (const each of [first, small]) each.end();
  t.deepEqual(await Promise.all([first.done, small.done]), ["first", "small"]);
});

test("work that is aborted between the end of its waiting and its beginning never begins, and leaves its place", async (t) => {
  const turns = new Turns(1);
  const started: string[] = [];
  let aborted = false;
  const silent = { addEventListener: () => {}, removeEventListener: () => {} };
  const signal = Object.defineProperty(silent, "aborted", { get: () => aborted }) as unknown as AbortSignal;
  const first = job(turns, started, "first");
  const second = job(turns, started, "second", { signal });
  const third = job(turns, started, "third");
  await turn();
  aborted = true;
  first.end();
  await rejects(t, second.done, "ABORTED");
  await turn();
  t.deepEqual(started, ["first", "third"]);
  third.end();
  await third.done;
  await rejects(t, job(turns, started, "none", { signal }).done, "ABORTED");
});

test("work that is aborted after it has begun keeps its place until it has ended", async (t) => {
  const turns = new Turns(1);
  const started: string[] = [];
  const controller = new AbortController();
  const first = job(turns, started, "first", { signal: controller.signal });
  const second = job(turns, started, "second");
  await turn();
  controller.abort();
  await turn();
  t.deepEqual(started, ["first"]);
  first.end();
  t.is(await first.done, "first");
  await turn();
  t.deepEqual(started, ["first", "second"]);
  second.end();
  await second.done;
});
