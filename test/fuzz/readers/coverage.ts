import { Session, type Profiler } from "node:inspector";

/**
 * Follows which functions of lib/ have run, and which of their blocks have not yet. V8 reports a function with its blocks
 * that have never run.
 */
export class Coverage {
  readonly #session = new Session();
  /** For each function that has run, its blocks that have not. */
  readonly #left = new Map<string, ReadonlySet<string>>();

  constructor() {
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#post("Profiler.startPreciseCoverage", { callCount: false, detailed: true });
  }

  describe(): string {
    const left = [...this.#left.values()].reduce((sum, blocks) => sum + blocks.size, 0);
    return `${this.#left.size} functions reached, all but ${left} of their blocks`;
  }

  /** Whether a function or a block ran for the first time since the last call. */
  hasGrown(): boolean {
    let grown = false;
    const { result } = this.#post("Profiler.takePreciseCoverage") as Profiler.TakePreciseCoverageReturnType;
    for (const { url, functions } of result) {
      if (!url.includes("/lib/") || url.includes("/node_modules/")) continue;
      for (const { functionName, ranges } of functions) {
        const [whole, ...blocks] = ranges;
        if (whole === undefined || whole.count === 0) continue;
        const name = `${url}:${functionName}:${whole.startOffset}`;
        const before = this.#left.get(name);
        const unreached = blocks
          .filter(({ count }) => count === 0)
          .map(({ startOffset, endOffset }) => `${startOffset}-${endOffset}`)
          .filter((block) => before?.has(block) ?? true);
        if (before !== undefined && unreached.length === before.size) continue;
        this.#left.set(name, new Set(unreached));
        grown = true;
      }
    }
    return grown;
  }

  #post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    this.#session.post(method, parameters, (error, result) => {
      if (error) throw error;
      answer = result;
    });
    return answer;
  }
}
