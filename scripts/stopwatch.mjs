import { performance } from "node:perf_hooks";

/** How long the parts of a run take, when they report one after the other. */
export class Stopwatch {
  /** @type {Map<string, number>} milliseconds by part. */
  #parts = new Map();
  #started = performance.now();
  #last = this.#started;

  /** @param {string} part what the time since the last call was spent on. */
  lap(part) {
    const now = performance.now();
    this.#parts.set(part, (this.#parts.get(part) ?? 0) + now - this.#last);
    this.#last = now;
  }

  /**
   * @param {number} most as many parts as are named.
   * @returns {string} "120 s: a 80 s, b 30 s"
   */
  summary(most) {
    const slowest = [...this.#parts].sort(([, a], [, b]) => b - a).slice(0, most);
    const named = slowest.map(([part, time]) => `${part} ${seconds(time)}`);
    return [seconds(performance.now() - this.#started), ...(named.length > 0 ? [named.join(", ")] : [])].join(
      ": ",
    );
  }
}

/** @param {number} milliseconds */
function seconds(milliseconds) {
  return `${Math.round(milliseconds / 1000)} s`;
}
