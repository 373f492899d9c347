import type { Database } from "better-sqlite3";
import type { Region, Verdict } from "reverse-distillation";
import { isGood, type Decision, type NewPart, type Part } from "./part.js";

interface Row {
  sequence: number;
  id: string;
  time: number;
  model: string;
  version: number;
  verdict: Verdict | null;
  score: number;
  p_value: number | null;
  regions: string;
  digest: string;
  station: string | null;
  source: string | null;
  image: string | null;
  decision: Decision | null;
  reviewer: string | null;
  reviewed: number | null;
}

/** Which parts to list. */
export interface PartFilter {
  model?: string;
  version?: number;
  verdict?: Verdict | "none";
  station?: string;
  /** Inspected then or later. */
  from?: Date;
  /** Inspected before. */
  to?: Date;
  /** Whether somebody has reviewed them. */
  reviewed?: boolean;
  /** Parts that were written before the one with this number. */
  before?: number;
}

/** A page of parts, the newest first. */
export interface PartPage {
  parts: Part[];
  /** `before` of the next page; undefined after the last one. */
  next: number | undefined;
}

/** A part that was removed, and the media type of its image, if that was kept. */
export interface ExpiredPart {
  id: string;
  image: string | null;
}

/** The table of parts. Its methods run at once; who calls them opens transactions. */
export class PartRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @param image The media type of the image, if it is kept. */
  insert(part: NewPart, image: string | null): Part {
    this.#database
      .prepare(
        `INSERT INTO parts (id, time, model, version, verdict, score, p_value, regions, digest, station, source, image)
         VALUES (@id, @time, @model, @version, @verdict, @score, @pValue, @regions, @digest, @station, @source, @image)`,
      )
      .run({ ...part, time: part.time.getTime(), regions: JSON.stringify(part.regions), image });
    return { ...part, image, review: null };
  }

  has(id: string): boolean {
    return this.#database.prepare("SELECT 1 FROM parts WHERE id = ?").get(id) !== undefined;
  }

  find(id: string): Part | undefined {
    const row = this.#database.prepare<[string], Row>("SELECT * FROM parts WHERE id = ?").get(id);
    return row && partOf(row);
  }

  list(filter: PartFilter, limit: number): PartPage {
    const { model, version, verdict, station, from, to, reviewed, before } = filter;
    const conditions: [condition: string, value: string | number | undefined][] = [
      ["model = ?", model],
      ["version = ?", version],
      ["verdict = ?", verdict === "none" ? undefined : verdict],
      ["station = ?", station],
      ["time >= ?", from?.getTime()],
      ["time < ?", to?.getTime()],
      ["sequence < ?", before],
    ];
    const given = conditions.filter(([, value]) => value !== undefined);
    const where = [
      ...given.map(([condition]) => condition),
      ...(verdict === "none" ? ["verdict IS NULL"] : []),
      ...(reviewed === undefined ? [] : [`reviewed IS ${reviewed ? "NOT NULL" : "NULL"}`]),
    ];
    const rows = this.#database
      .prepare<unknown[], Row>(
        `SELECT * FROM parts ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""}
         ORDER BY sequence DESC LIMIT ?`,
      )
      .all(...given.map(([, value]) => value), limit + 1);
    const page = rows.slice(0, limit);
    return { parts: page.map(partOf), next: rows.length > limit ? page.at(-1)!.sequence : undefined };
  }

  /** @returns the part as it is then; undefined if there is none. */
  review(id: string, decision: Decision, by: string | null, time: Date): Part | undefined {
    this.#database
      .prepare("UPDATE parts SET decision = ?, reviewer = ?, reviewed = ? WHERE id = ?")
      .run(decision, by, time.getTime(), id);
    return this.find(id);
  }

  /**
   * Removes some of the parts that are too old or too many, the oldest first.
   *
   * @returns what was removed: fewer than the limit if nothing is left to remove.
   */
  expire(oldest: Date, most: number, limit: number): ExpiredPart[] {
    const old = this.#remove("SELECT sequence FROM parts WHERE time < ? ORDER BY time LIMIT ?", [
      oldest.getTime(),
      limit,
    ]);
    const surplus = Math.min(this.#count() - most, limit - old.length);
    if (surplus <= 0) return old;
    return [...old, ...this.#remove("SELECT sequence FROM parts ORDER BY sequence LIMIT ?", [surplus])];
  }

  #remove(which: string, values: number[]): ExpiredPart[] {
    return this.#database
      .prepare<number[], ExpiredPart>(`DELETE FROM parts WHERE sequence IN (${which}) RETURNING id, image`)
      .all(...values);
  }

  #count(): number {
    return this.#database.prepare("SELECT parts FROM part_count").pluck().get() as number;
  }
}

function partOf(row: Row): Part {
  const { id, model, version, verdict, score, digest, station, source, image, decision, reviewer } = row;
  return {
    id,
    time: new Date(row.time),
    model,
    version,
    verdict,
    score,
    pValue: row.p_value,
    regions: JSON.parse(row.regions) as Region[],
    digest,
    station,
    source,
    image,
    review:
      decision === null || verdict === null
        ? null
        : { decision, good: isGood(verdict, decision), by: reviewer, time: new Date(row.reviewed!) },
  };
}
