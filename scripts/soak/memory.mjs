/** Growth from the second quarter of a run to its last that still counts as noise: of trainings, which come and go. */
const noiseShare = 0.25;
const noiseBytes = 100 * 2 ** 20;

/** Follows the memory that this process occupies. The first quarter of a run does not count: caches fill. */
export class MemoryTrend {
  /** @type {number[]} */
  #samples = [];

  sample() {
    this.#samples.push(process.memoryUsage.rss());
  }

  /** Whether the last quarter needed clearly more than the second. */
  get grows() {
    const { early, late } = this.#quarters();
    return late > early * (1 + noiseShare) && late > early + noiseBytes;
  }

  describe() {
    const { early, late } = this.#quarters();
    const shown = [early, late, Math.max(...this.#samples)].map(
      (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`,
    );
    return `resident memory: ${shown[0]} in the second quarter, ${shown[1]} in the last, at most ${shown[2]}`;
  }

  #quarters() {
    const quarter = Math.max(1, Math.floor(this.#samples.length / 4));
    return {
      early: median(this.#samples.slice(quarter, 2 * quarter + 1)),
      late: median(this.#samples.slice(-quarter)),
    };
  }
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
