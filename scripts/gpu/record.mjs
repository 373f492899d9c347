/** What a run on a GPU leaves behind, written as it happens. Uses built-ins only. */
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The most that one stage adds to the log, in characters; of what follows, the end is kept. */
const longestLog = 1 << 20;
const keptEnd = 1 << 15;

/**
 * Three files in a folder:
 *
 * - `gpu.jsonl`: every result, failed test and end of a stage, a line each, appended at once;
 * - `gpu.log`: the output of all programs, appended at once;
 * - `gpu.json`: everything together, written anew after every stage.
 *
 * A full disk or a lost folder is reported once on stderr and does not stop the run.
 */
export class RunRecord {
  #folder;
  #failed = false;
  #logged = 0;
  #end = "";

  /**
   * @param {string} folder is made if it does not exist.
   * @throws {Error} if it cannot be.
   */
  constructor(folder) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    for (const name of ["gpu.jsonl", "gpu.log"]) writeFileSync(join(folder, name), "");
  }

  /** @param {object} result */
  result(result) {
    this.#attempt(() => appendFileSync(join(this.#folder, "gpu.jsonl"), `${JSON.stringify(result)}\n`));
  }

  /** @param {string} stage whose output follows in the log. */
  startLog(stage) {
    this.#logged = 0;
    this.#end = "";
    this.#append(`\n== ${stage}\n`);
  }

  /** @param {string} line of a program's output. */
  log(line) {
    if (this.#logged < longestLog) this.#append(`${line}\n`);
    else this.#end = `${this.#end}${line}\n`.slice(-keptEnd);
    this.#logged += line.length + 1;
  }

  endLog() {
    if (this.#end !== "") this.#append(`[some output is left out here]\n${this.#end}`);
  }

  /** @param {object} results everything so far. */
  summary(results) {
    this.#attempt(() => {
      const path = join(this.#folder, "gpu.json");
      writeFileSync(`${path}.new`, `${JSON.stringify(results, null, 2)}\n`);
      renameSync(`${path}.new`, path);
    });
  }

  /** @param {string} text */
  #append(text) {
    this.#attempt(() => appendFileSync(join(this.#folder, "gpu.log"), text));
  }

  /** @param {() => void} write */
  #attempt(write) {
    try {
      write();
    } catch (error) {
      if (!this.#failed) console.error(`Results are not all written to ${this.#folder}: ${String(error)}`);
      this.#failed = true;
    }
  }
}
