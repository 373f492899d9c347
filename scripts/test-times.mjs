import { mkdtempSync, readFileSync, rmSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * What files of tests cost, as their processes tell it (test/js/support/processor-time.ts): seconds of processor time,
 * which other work on the machine hardly changes.
 */
export class TestTimes {
  #folder = mkdtempSync(join(tmpdir(), "test-times-"));
  #file = join(this.#folder, "times");

  /** The environment in which test processes tell their times here. */
  get env() {
    return { REVERSE_DISTILLATION_TEST_TIMES: this.#file };
  }

  /**
   * Reads what was told, once.
   *
   * @param {number} most as many files as are named.
   * @returns {string} "120 s of processor time: a 80 s, b 30 s"; empty if nothing was told.
   */
  summary(most) {
    const lines = existsSync(this.#file) ? readFileSync(this.#file, "utf8").trimEnd().split("\n") : [];
    rmSync(this.#folder, { recursive: true });
    if (lines.length === 0) return "";
    const files = lines
      .map((line) => line.split("\t"))
      .map(([seconds, name]) => ({ name, seconds: Number(seconds) }))
      .sort((a, b) => b.seconds - a.seconds);
    const total = files.reduce((sum, { seconds }) => sum + seconds, 0);
    const slowest = files.slice(0, most).map(({ name, seconds }) => `${name} ${Math.round(seconds)} s`);
    return `${Math.round(total)} s of processor time: ${slowest.join(", ")}`;
  }
}
