import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** For how long the main thread of this process has computed, in milliseconds. */
function computed(): number {
  const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1").split(" ");
  return Number(nanoseconds) / 1e6;
}

/**
 * How long the event loop was held at most while work was done: the longest time in milliseconds that its thread
 * computed between two turns. Other programs on the machine do not add to it.
 */
export async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  await setTimeout(10);
  let longest = 0;
  let before = computed();
  const timer = setInterval(() => {
    const now = computed();
    longest = Math.max(longest, now - before);
    before = now;
  }, 1);
  try {
    await work();
    // The last turn ends with the next one.
    await setTimeout(10);
  } finally {
    clearInterval(timer);
  }
  return longest;
}
