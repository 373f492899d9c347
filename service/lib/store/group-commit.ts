import type { Database } from "better-sqlite3";

interface Write {
  run: () => unknown;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * Writes that arrive in one turn of the event loop share a transaction, and so the time that the disk takes. Once a
 * promise is fulfilled, what was written is on the disk.
 */
export class GroupCommit {
  readonly #commit: (writes: readonly Write[]) => unknown[];
  #waiting: Write[] = [];
  readonly #afterwards: () => void;

  /** @param afterwards Called after each transaction. */
  constructor(database: Database, afterwards: () => void) {
    this.#commit = database.transaction((writes: readonly Write[]) => writes.map(({ run }) => run()));
    this.#afterwards = afterwards;
  }

  /** If one write of a transaction fails, all of them do. */
  add<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run, resolve: resolve as (value: unknown) => void, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Writes what waits. */
  flush(): void {
    const writes = this.#waiting;
    if (writes.length === 0) return;
    this.#waiting = [];
    try {
      const results = this.#commit(writes);
      writes.forEach(({ resolve }, index) => resolve(results[index]));
    } catch (error) {
      for (const { reject } of writes) reject(error);
      return;
    }
    this.#afterwards();
  }
}
