import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Store } from "../store/store.js";
import type { Outgoing } from "../store/outbox.js";
import { Refused, type Destination } from "./destination.js";

const firstWait = 500;
const longestWait = 60_000;

/** What becomes of an attempt to deliver. */
export type Outcome = "delivered" | "failed" | "refused";

/** How long to wait after a number of failures in a row, in milliseconds: doubled each time, half of it at random. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const longest = Math.min(longestWait, firstWait * 2 ** (failures - 1));
  return (longest / 2) * (1 + random());
}

/** Delivers the events of a store to one destination, in their order, until each is taken or refused. */
export class Courier {
  readonly #store: Store;
  readonly #destination: Destination;
  readonly #count: (destination: string, outcome: Outcome) => void;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  readonly #stopListening: () => void;
  readonly #running: Promise<void>;
  #wake: () => void = () => undefined;

  constructor(
    store: Store,
    destination: Destination,
    count: (destination: string, outcome: Outcome) => void,
    log: Logger,
  ) {
    this.#store = store;
    this.#destination = destination;
    this.#count = count;
    this.#log = log.child({ destination: destination.name });
    this.#stopListening = store.onChange(() => this.#wake());
    this.#running = this.#run();
  }

  /** Ends. What is not delivered yet is delivered after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#stopListening();
    this.#wake();
    await this.#running;
    await this.#destination.close?.();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted;) {
      try {
        const event = this.#store.nextEvent(this.#destination.name);
        if (event === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
        else await this.#deliver(event, signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        this.#count(this.#destination.name, "failed");
        const waitMs = Math.round(backoff(failures));
        this.#log.warn({ err: error, failures, waitMs }, "an event could not be delivered");
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #deliver(event: Outgoing, signal: AbortSignal): Promise<void> {
    try {
      await this.#destination.send(event, signal);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.#store.refused(event, error.message);
      this.#count(this.#destination.name, "refused");
      this.#log.error({ event: event.id, reason: error.message }, "an event was refused");
      return;
    }
    await this.#store.delivered(event);
    this.#count(this.#destination.name, "delivered");
  }
}
