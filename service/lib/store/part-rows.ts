import type { Database } from "better-sqlite3";
import type { Region, Verdict } from "reverse-distillation";
import { verdicts } from "../verdicts.js";
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
  /** One of these; "none" is that of models without thresholds. */
  verdict?: readonly (Verdict | "none")[];
  station?: string;
  /** Inspected then or later. */
  from?: Date;
  /** Inspected before. */
  to?: Date;
  /** Whether somebody has reviewed them. */
  reviewed?: boolean;
  /** Whether the part is good in the eyes of who reviewed it. */
  good?: boolean;
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

/** What is looked at of many results at once. */
export interface RecentPart {
  /** Milliseconds since 1970. */
  time: number;
  verdict: Verdict | null;
  score: number;
  pValue: number | null;
}

/** Parts of one minute. */
export interface MinuteCount {
  model: string;
  verdict: Verdict | null;
  /** Since 1970. */
  minute: number;
  parts: number;
}

/** Parts of a version with one verdict and one review. */
export interface PartCount {
  verdict: Verdict | null;
  decision: Decision | null;
  parts: number;
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
    const { model, version, verdict, station, from, to, reviewed, good, before } = filter;
    const conditions: [condition: string, value: string | number | undefined][] = [
      ["model = ?", model],
      ["version = ?", version],
      ["station = ?", station],
      ["time >= ?", from?.getTime()],
      ["time < ?", to?.getTime()],
      ["sequence < ?", before],
    ];
    const given = conditions.filter(([, value]) => value !== undefined);
    const where = [
      ...given.map(([condition]) => condition),
      ...(verdict === undefined ? [] : [oneOf(verdict)]),
      ...(reviewed === undefined ? [] : [`reviewed IS ${reviewed ? "NOT NULL" : "NULL"}`]),
      ...(good === undefined
        ? []
        : [`reviewed IS NOT NULL AND ((verdict = 'accept') = (decision = 'confirm')) = ${Number(good)}`]),
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

  /** The latest results of a version, the newest first. */
  latest(model: string, version: number, limit: number): RecentPart[] {
    return this.#database
      .prepare<[string, number, number], RecentPart>(
        `SELECT time, verdict, score, p_value AS pValue FROM parts WHERE model = ? AND version = ?
         ORDER BY sequence DESC LIMIT ?`,
      )
      .all(model, version, limit);
  }

  /** How many parts there were in each minute since a time, by model and verdict. Minutes are counted from 1970. */
  byMinute(since: Date): MinuteCount[] {
    return this.#database
      .prepare<[number], MinuteCount>(
        `SELECT model, verdict, time / 60000 AS minute, count(*) AS parts FROM parts WHERE time >= ?
         GROUP BY model, verdict, minute`,
      )
      .all(since.getTime());
  }

  /** How many parts of a version there are, by verdict and by what was said about it. */
  counts(model: string, version: number): PartCount[] {
    return this.#database
      .prepare<[string, number], PartCount>(
        `SELECT nullif(verdict, '') AS verdict, nullif(decision, '') AS decision, parts FROM version_counts
         WHERE model = ? AND version = ? AND parts > 0`,
      )
      .all(model, version);
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

/** Verdicts are written out, so that SQLite sees which index has them. */
function oneOf(given: readonly (Verdict | "none")[]): string {
  const named = verdicts.filter((verdict) => given.includes(verdict)).map((verdict) => `'${verdict}'`);
  const conditions = [
    ...(named.length > 0 ? [`verdict IN (${named.join(", ")})`] : []),
    ...(given.includes("none") ? ["verdict IS NULL"] : []),
  ];
  return conditions.length === 1 ? conditions[0]! : `(${conditions.join(" OR ") || "FALSE"})`;
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
