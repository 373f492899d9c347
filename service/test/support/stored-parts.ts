import { randomUUID } from "node:crypto";
import pino from "pino";
import type { Verdict } from "reverse-distillation";
import { digestOf } from "../../lib/store/image-file.js";
import type { NewPart } from "../../lib/store/part.js";
import { Store, type StoreOptions } from "../../lib/store/store.js";

/** Opens a store that logs nothing. */
export function openStore(folder: string, options: Partial<StoreOptions> = {}): Promise<Store> {
  return Store.open({
    folder,
    keepDays: 90,
    keepParts: 1_000_000,
    destinations: [],
    log: pino({ level: "silent" }),
    ...options,
  });
}

/** A part as an inspection gives it. */
export function newPart(image: Uint8Array, verdict: Verdict | null, part: Partial<NewPart> = {}): NewPart {
  return {
    id: randomUUID(),
    time: new Date(),
    model: "part",
    version: 1,
    verdict,
    score: 0.5,
    pValue: 0.25,
    regions: [],
    digest: digestOf(image),
    station: null,
    source: null,
    ...part,
  };
}
