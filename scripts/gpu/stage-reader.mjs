/** Reads the output of a stage's programs. Uses built-ins only. */
import { TapReader } from "../tap.mjs";
import { sanitizerRefusal, sanitizerSummary } from "./sanitizer.mjs";

/** The number of last lines that a failed stage keeps. */
const keptLines = 30;

/**
 * The outcome of a stage.
 *
 * @typedef {object} Outcome
 * @property {"passed" | "failed" | "skipped"} status
 * @property {string} detail why it failed or was skipped, or a summary.
 */

/**
 * Reads lines of three kinds: JSON objects are results, one of which may be `{"skipped": <reason>}`; TAP are tests; all
 * others are for people.
 */
export class StageReader {
  /** @type {Record<string, unknown>[]} */
  results = [];
  /** @type {string[]} the last lines of the output. */
  lastLines = [];
  /** @type {string | undefined} */
  #skipped = undefined;
  /** @type {string | undefined} */
  #summary = undefined;
  #told = 0;
  #tap;
  #onResult;

  /**
   * @param {object} on
   * @param {(result: Record<string, unknown>) => void} on.result called for each result and each failed test.
   * @param {(line: string) => void} on.report called with lines for people.
   */
  constructor({ result, report }) {
    this.#tap = new TapReader(report);
    this.#onResult = result;
  }

  get failures() {
    return this.#tap.failures;
  }

  /**
   * @param {string} line
   * @param {"stdout" | "stderr"} stream
   */
  read(line, stream) {
    this.lastLines = [...this.lastLines.slice(1 - keptLines), line];
    this.#skipped ??= sanitizerRefusal(line);
    this.#summary = sanitizerSummary(line) ?? this.#summary;
    const result = stream === "stdout" && line.startsWith("{") ? parse(line) : undefined;
    if (result === undefined) {
      // A failed test's message follows it, so it is complete when the next line of TAP arrives.
      if (/^(not )?ok\b|^1\.\./.test(line)) this.#tellFailures();
      this.#tap.read(line);
      return;
    }
    if (typeof result.skipped === "string") this.#skipped = result.skipped;
    else {
      this.results.push(result);
      this.#onResult(result);
    }
  }

  /**
   * @param {string | undefined} failure how the program failed.
   * @param {"tests" | "results" | undefined} expected what a stage that passes must have delivered.
   * @returns {Outcome}
   */
  end(failure, expected) {
    this.#tellFailures();
    const { passed, failed, skipped, planned, reported } = this.#tap;
    const counts = [
      ...(reported > 0 ? [`${passed} passed, ${failed} failed, ${skipped} skipped`] : []),
      ...(this.results.length > 0 ? [`${this.results.length} results`] : []),
      ...(this.#summary === undefined ? [] : [this.#summary]),
    ];
    /** @type {(status: Outcome["status"], reason?: string) => Outcome} */
    const outcome = (status, reason) => ({
      status,
      detail: [...counts, ...(reason === undefined ? [] : [reason])].join("; ") || "done",
    });
    if (this.#skipped !== undefined && failed === 0) return outcome("skipped", this.#skipped);
    if (failed > 0 || failure !== undefined) return outcome("failed", failure);
    if (reported > 0 && planned !== reported)
      return outcome("failed", `${planned ?? "an unknown number of"} tests were planned`);
    if (expected === "tests" && passed === 0) return outcome("failed", "no test ran on this device");
    if (expected === "results" && this.results.length === 0) return outcome("failed", "nothing was measured");
    return outcome("passed");
  }

  #tellFailures() {
    for (; this.#told < this.failures.length; this.#told++) {
      const { name, message } = this.failures[this.#told] ?? { name: "", message: "" };
      this.#onResult({ failedTest: name, message });
    }
  }
}

/**
 * @param {string} line
 * @returns {Record<string, unknown> | undefined} undefined if the line is no JSON object.
 */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
