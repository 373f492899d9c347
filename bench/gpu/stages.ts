import { messageOf } from "../../lib/errors/message-of.js";
import type { Stage } from "./results.js";

/** Thrown by a stage that this machine does not support. The message says what is missing. */
export class Skipped extends Error {
  override readonly name = "Skipped";
}

/** Runs the stages of the command one after another, within a common time limit. */
export class Stages {
  readonly #deadline: number;
  readonly #onEnd: (stage: Stage) => Promise<void>;

  /**
   * @param minutes Time for all stages. Stages without any time left are skipped.
   * @param onEnd Called after every stage.
   */
  constructor(minutes: number, onEnd: (stage: Stage) => Promise<void>) {
    this.#deadline = performance.now() + minutes * 60_000;
    this.#onEnd = onEnd;
  }

  /** @param work Receives the remaining time in whole milliseconds, and returns a summary if it succeeds. */
  async run(name: string, work: (milliseconds: number) => Promise<string>): Promise<void> {
    const start = performance.now();
    console.log(`\n== ${name}`);
    const stage = await this.#attempt(work);
    const seconds = Math.round((performance.now() - start) / 100) / 10;
    console.log(`${stage.status.toUpperCase()}: ${name}: ${stage.detail} (${seconds} s)`);
    await this.#onEnd({ name, ...stage, seconds });
  }

  async #attempt(work: (milliseconds: number) => Promise<string>): Promise<Pick<Stage, "status" | "detail">> {
    const left = Math.floor(this.#deadline - performance.now());
    if (left <= 0) return { status: "skipped", detail: "no time left" };
    try {
      return { status: "passed", detail: await work(left) };
    } catch (error) {
      return { status: error instanceof Skipped ? "skipped" : "failed", detail: messageOf(error) };
    }
  }
}
