import { setImmediate as turn } from "node:timers/promises";
import test from "ava";
import { ThreadBudget } from "../../../lib/detector/thread-budget.js";

/** Work whose start is seen and whose end is told. */
function job(budget: ThreadBudget, threads: number, started: string[], name: string) {
  let end = () => {};
  const done = budget.use(threads, async () => {
    started.push(name);
    await new Promise<void>((resolve) => (end = resolve));
    return name;
  });
  return { done, end: () => end() };
}

test("work starts while threads are free, and then in the order of the calls", async (t) => {
  const budget = new ThreadBudget(4);
  const started: string[] = [];
  const [a, b, all, small] = [
    job(budget, 2, started, "a"),
    job(budget, 2, started, "b"),
    job(budget, 0, started, "all"),
    job(budget, 1, started, "small"),
  ];
  await turn();
  t.deepEqual(started, ["a", "b"]);
  a.end();
  t.is(await a.done, "a");
  await turn();
  t.deepEqual(started, ["a", "b"], "small must not pass by what needs all threads");
  b.end();
  await turn();
  t.deepEqual(started, ["a", "b", "all"]);
  all.end();
  await turn();
  t.deepEqual(started, ["a", "b", "all", "small"]);
  small.end();
  t.is(await small.done, "small");
});

test("work for more threads than exist uses all of them", async (t) => {
  const budget = new ThreadBudget(2);
  t.is(await budget.use(64, () => Promise.resolve("done")), "done");
});

test("work that throws returns its threads", async (t) => {
  const budget = new ThreadBudget(1);
  await t.throwsAsync(
    budget.use(1, () => Promise.reject(new Error("broken"))),
    { message: "broken" },
  );
  t.is(await budget.use(1, () => Promise.resolve("next")), "next");
});
