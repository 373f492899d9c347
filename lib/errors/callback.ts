import { AsyncResource } from "node:async_hooks";
import { stoppedBy, untilAborted } from "./abort.js";
import type { ReverseDistillationError } from "./error.js";

/**
 * A callback of the caller, which may be asynchronous. It runs in the asynchronous context of the call that it was
 * passed to, whatever calls it back. What it throws or rejects with ends that call, as `ABORTED` with that value as
 * `cause`; afterwards it is not called any more.
 */
export class Callback<Args extends unknown[]> {
  /** Called once, when the callback has failed. */
  onFailure = (): void => {};
  readonly #name: string;
  readonly #call: ((...args: Args) => unknown) | undefined;
  readonly #pending = new Set<Promise<void>>();
  #failure: ReverseDistillationError | undefined;

  /** @param name The callback, as messages name it: "onProgress". */
  constructor(name: string, callback: ((...args: Args) => unknown) | undefined) {
    this.#name = name;
    this.#call = callback && AsyncResource.bind(callback);
  }

  /** Calls it, and never throws: what fails is kept for {@link settled}. */
  call(...args: Args): void {
    if (this.#call === undefined || this.#failure !== undefined) return;
    try {
      const result = this.#call(...args);
      if (!isThenable(result)) return;
      const pending = Promise.resolve(result)
        .then(
          () => {},
          (error: unknown) => this.#fail(error),
        )
        .finally(() => this.#pending.delete(pending));
      this.#pending.add(pending);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Waits for what the callback is still doing. @throws ReverseDistillationError if it has failed; `ABORTED`. */
  async settled(signal?: AbortSignal): Promise<void> {
    if (this.#pending.size > 0) await untilAborted(signal, Promise.all(this.#pending));
    this.throwIfFailed();
  }

  /** @throws ReverseDistillationError if the callback has failed. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #fail(thrown: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = stoppedBy(this.#name, thrown);
    this.onFailure();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
