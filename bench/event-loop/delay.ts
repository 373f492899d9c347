import { setTimeout } from "node:timers/promises";
import { longestTurn } from "../../test/js/support/longest-turn.js";

/** For how long the event loop is held while work is done, in milliseconds. */
export async function delaysOf(
  work: () => Promise<unknown>,
): Promise<{ late: { p99: number; most: number }; longestTurn: number; seconds: number }> {
  await setTimeout(20);
  const late: number[] = [];
  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    late.push(Math.max(0, now - before - 1));
    before = now;
  }, 1);
  const started = performance.now();
  let seconds = 0;
  let longest: number;
  try {
    longest = await longestTurn(async () => {
      before = performance.now();
      late.length = 0;
      await work();
      seconds = (performance.now() - started) / 1000;
    });
  } finally {
    clearInterval(timer);
  }
  late.sort((a, b) => a - b);
  const at = (share: number) => late[Math.min(late.length - 1, Math.floor(share * late.length))] ?? 0;
  return { late: { p99: at(0.99), most: at(1) }, longestTurn: longest, seconds };
}
