import test from "ava";
import { loadAddon } from "../../../lib/native/loader.js";
import { longestTurn } from "../support/longest-turn.js";

test("the event loop runs while LibTorch is opened", async (t) => {
  const longest = await longestTurn(() => loadAddon());
  // Opened on the event loop's thread, it takes several times as long.
  t.true(longest < 80, `${longest} ms`);
});
