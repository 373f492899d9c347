import type { Outgoing } from "../store/outbox.js";

/** Where events go. */
export interface Destination {
  /** The name by which the database, the log and the metrics know it. */
  readonly name: DestinationName;
  /**
   * Delivers an event; the destination has it once the promise is fulfilled. It can be called again with the same event,
   * because a kill can come between a delivery and the note of it.
   *
   * @throws Refused if it makes no sense to try again; any other error if it does.
   */
  send(event: Outgoing, signal: AbortSignal): Promise<void>;
  close?(): Promise<void>;
}

/** The names of destinations; a service has at most one of each. */
export type DestinationName = "webhook" | "mqtt" | "json-lines" | "folder" | "hook";

/** A destination will never take an event. */
export class Refused extends Error {
  override readonly name = "Refused";
}
