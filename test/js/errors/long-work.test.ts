import test from "ava";
import { atOnce, inPieces, inTurns, type Work } from "../../../lib/errors/long-work.js";
import { longestTurn } from "../support/longest-turn.js";
import { rejects } from "../support/rejection.js";

function* sum(count: number): Work<number> {
  let total = 0;
  yield* inPieces(count, (from, to) => {
    for (let i = from; i < to; i++) total += i % 7;
  });
  return total;
}

/** Computes for some milliseconds between two yields, without an end. */
function* endless(): Work<never> {
  for (;;) {
    for (const end = performance.now() + 1; performance.now() < end;);
    yield;
  }
}

test("work has one result, whether it is done at once or in turns, and pieces cover it exactly", async (t) => {
  for (const count of [0, 1, 2 ** 15 - 1, 2 ** 15, 2 ** 15 + 1, 1_000_000]) {
    let expected = 0;
    for (let i = 0; i < count; i++) expected += i % 7;
    t.is(atOnce(sum(count)), expected);
    t.is(await inTurns(sum(count)), expected);
  }
});

test("work in turns leaves the event loop to others", async (t) => {
  const controller = new AbortController();
  let turns = 0;
  const timer = setInterval(() => ++turns === 20 && controller.abort(), 1);
  const longest = await longestTurn(() =>
    rejects(t, inTurns(endless(), controller.signal), "ABORTED", /aborted/),
  );
  clearInterval(timer);
  t.true(turns >= 20);
  t.true(longest < 100, `${longest} ms`);
});

test("what work throws rejects the promise", async (t) => {
  // eslint-disable-next-line require-yield
  function* failing(): Work<void> {
    throw new Error("failed");
  }
  await t.throwsAsync(inTurns(failing()), { message: "failed" });
});
