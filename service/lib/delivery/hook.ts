import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ReverseDistillationError } from "reverse-distillation";
import type { Outgoing } from "../store/outbox.js";
import { parseEvent, type PartEvent } from "../store/part.js";
import type { Destination } from "./destination.js";
import { orAborted } from "./or-aborted.js";

/**
 * A function of your own that gets every event, in their order, one after another. An event that it throws for comes
 * again later, and after a kill an event can come twice: its id is then the same.
 *
 * @param signal Aborted when the service ends, or the function has taken 10 seconds.
 */
export type Hook = (event: PartEvent, signal: AbortSignal) => Promise<void> | void;

const timeoutMs = 10_000;

/** Calls a {@link Hook}. */
export class HookDestination implements Destination {
  readonly name = "hook";
  readonly #hook: Hook;

  constructor(hook: Hook) {
    this.#hook = hook;
  }

  async send({ body }: Outgoing, signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    // A function that never ends must not keep the service from ending.
    await orAborted((async () => this.#hook(parseEvent(body), either))(), either);
  }
}

/**
 * The hook that a module exports by default.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if it exports no function; whatever the module throws.
 */
export async function importHook(path: string): Promise<Hook> {
  const { default: hook } = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  if (typeof hook !== "function")
    throw new ReverseDistillationError("INVALID_ARGUMENT", `${path} must export a function by default.`);
  return hook as Hook;
}
