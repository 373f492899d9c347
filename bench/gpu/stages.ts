import type { Stage } from "./results.js";

/** Thrown by a stage that this machine's tools do not allow; the message says what is missing. */
export class Skipped extends Error {
  override readonly name = "Skipped";
}

/** Runs the stages of the command one after the other, within a time for all of them. */
export class Stages {
  readonly #deadline: number;
  readonly #onEnd: (stage: Stage) => Promise<void>;

  /**
   * @param minutes For all stages; those for which nothing is left are skipped.
   * @param onEnd Told of each stage that has ended.
   */
  constructor(minutes: number, onEnd: (stage: Stage) => Promise<void>) {
    this.#deadline = performance.now() + minutes * 60_000;
    this.#onEnd = onEnd;
  }

  /**
   * @param work Is given the milliseconds that are left, a whole number; returns what is said of its success.
   */
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
    if (left <= 0) return { status: "skipped", detail: "no time was left" };
    try {
      return { status: "passed", detail: await work(left) };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { status: error instanceof Skipped ? "skipped" : "failed", detail };
    }
  }
}
