import type { Verdict } from "reverse-distillation";
import type { RecentPart } from "../store/part-rows.js";
import type { Store } from "../store/store.js";

/** Parts of one minute by verdict; none is that of models without thresholds. */
export type VerdictCounts = Record<Verdict | "none", number>;

/** The parts of a minute. */
export interface Minute extends VerdictCounts {
  /** When it began, in milliseconds since 1970. */
  start: number;
}

/** How many of the latest parts of a version are remembered. */
export const mostRecent = 1000;
/** How many minutes are remembered, the current one included. */
export const minutesKept = 60;

const minuteMs = 60_000;

/**
 * What a line did lately: parts by minute, and the latest results of each version. It is in memory, so that it can be
 * looked at every second and without a store; with a store, it begins with what that has.
 */
export class Line {
  readonly #store: Store | undefined;
  /** Counts by model, then by minute since 1970. */
  readonly #minutes = new Map<string, Map<number, VerdictCounts>>();
  readonly #recent = new Map<string, RecentPart[]>();

  constructor(store: Store | undefined) {
    this.#store = store;
    const since = new Date((minuteOf(Date.now()) - minutesKept + 1) * minuteMs);
    for (const { model, verdict, minute, parts } of store?.byMinute(since) ?? [])
      this.#countsOf(model, minute)[verdict ?? "none"] = parts;
  }

  /** A version gets a part, which is not kept yet: what the store has from here on is also added. */
  expect({ name, version }: { name: string; version: number }): void {
    this.recent(name, version);
  }

  /** Adds the result of a part that was expected. */
  add(
    { name, version }: { name: string; version: number },
    time: Date,
    { verdict, score, pValue }: Omit<RecentPart, "time">,
  ): void {
    this.#countsOf(name, minuteOf(time.getTime()))[verdict ?? "none"]++;
    const recent = this.#remembered(name, version);
    recent.push({ time: time.getTime(), verdict, score, pValue });
    if (recent.length > mostRecent) recent.shift();
  }

  /** The last hour by minute, the current minute last. */
  minutes(model: string): Minute[] {
    const now = minuteOf(Date.now());
    const known = this.#minutes.get(model);
    return Array.from({ length: minutesKept }, (_, index) => {
      const minute = now - minutesKept + 1 + index;
      return { start: minute * minuteMs, ...(known?.get(minute) ?? noParts()) };
    });
  }

  /** The latest parts of a version, at most {@link mostRecent}, the newest last. */
  recent(model: string, version: number): readonly RecentPart[] {
    return this.#remembered(model, version);
  }

  #remembered(model: string, version: number): RecentPart[] {
    const key = keyOf(model, version);
    let recent = this.#recent.get(key);
    if (recent === undefined)
      this.#recent.set(key, (recent = this.#store?.latest(model, version, mostRecent).reverse() ?? []));
    return recent;
  }

  #countsOf(model: string, minute: number): VerdictCounts {
    let minutes = this.#minutes.get(model);
    if (minutes === undefined) this.#minutes.set(model, (minutes = new Map<number, VerdictCounts>()));
    let counts = minutes.get(minute);
    if (counts === undefined) {
      minutes.set(minute, (counts = noParts()));
      for (const old of minutes.keys()) if (old <= minute - minutesKept) minutes.delete(old);
    }
    return counts;
  }
}

function minuteOf(time: number): number {
  return Math.floor(time / minuteMs);
}

/** Names of models have no "@". */
function keyOf(model: string, version: number): string {
  return `${model}@${version}`;
}

function noParts(): VerdictCounts {
  return { accept: 0, review: 0, reject: 0, none: 0 };
}
