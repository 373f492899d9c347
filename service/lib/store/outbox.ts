import type { Database } from "better-sqlite3";
import type { PartEvent } from "./part.js";

/** An event that a destination has not taken yet. */
export interface Outgoing {
  sequence: number;
  /** The id of the event: the same whenever it is delivered again. */
  id: string;
  /** The event as JSON. */
  body: string;
}

/** The table of events that wait for their destinations. Its methods run at once; who calls them opens transactions. */
export class Outbox {
  readonly #database: Database;
  readonly #destinations: readonly string[];

  /** @param destinations The names of all that get every event. */
  constructor(database: Database, destinations: readonly string[]) {
    this.#database = database;
    this.#destinations = destinations;
  }

  add(event: PartEvent): void {
    if (this.#destinations.length === 0) return;
    const insert = this.#database.prepare(
      "INSERT INTO outbox (destination, event, body, time) VALUES (?, ?, ?, ?)",
    );
    const body = JSON.stringify(event);
    for (const destination of this.#destinations) insert.run(destination, event.id, body, Date.now());
  }

  /** The event that a destination is to take next. */
  next(destination: string): Outgoing | undefined {
    return this.#database
      .prepare<[string], Outgoing>(
        `SELECT sequence, event AS id, body FROM outbox
         WHERE destination = ? AND refused IS NULL ORDER BY sequence LIMIT 1`,
      )
      .get(destination);
  }

  /** The destination has the event. */
  remove({ sequence }: Outgoing): void {
    this.#database.prepare("DELETE FROM outbox WHERE sequence = ?").run(sequence);
  }

  /** The destination will never take the event. It stays until it is too old, for a person to look at. */
  refuse({ sequence }: Outgoing, reason: string): void {
    this.#database.prepare("UPDATE outbox SET refused = ? WHERE sequence = ?").run(reason, sequence);
  }

  /** How many events wait, and how many were refused, by destination. */
  get counts(): { destination: string; waiting: number; refused: number }[] {
    return this.#database
      .prepare<[], { destination: string; waiting: number; refused: number }>(
        `SELECT destination, count(*) - count(refused) AS waiting, count(refused) AS refused
         FROM outbox GROUP BY destination`,
      )
      .all();
  }

  /** @returns how many events were too old and were removed undelivered. */
  expire(oldest: Date, limit: number): number {
    return this.#database
      .prepare("DELETE FROM outbox WHERE sequence IN (SELECT sequence FROM outbox WHERE time < ? LIMIT ?)")
      .run(oldest.getTime(), limit).changes;
  }
}
