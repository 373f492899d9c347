import { readFileSync } from "node:fs";
import type { Memory } from "./points.js";

/**
 * Watches the memory of this process, whose peak Linux keeps itself. For memory that is no file's it keeps none:
 * a timer looks, which works while native threads compute.
 */
export class MemoryWatch {
  readonly #before = residentBytes("VmHWM");
  readonly #timer = setInterval(() => this.#look(), 20);
  #anonymous = 0;

  /** What was seen since the watch began. It goes on no longer. */
  stop(): Memory {
    clearInterval(this.#timer);
    this.#look();
    return {
      beforeBytes: this.#before,
      peakBytes: residentBytes("VmHWM"),
      anonymousBytes: this.#anonymous,
    };
  }

  #look(): void {
    this.#anonymous = Math.max(this.#anonymous, residentBytes("RssAnon"));
  }
}

/** A field of what Linux tells of this process. */
export function residentBytes(field: "VmHWM" | "RssAnon" | "VmSwap"): number {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(
    readFileSync("/proc/self/status", "utf8"),
  )?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/self/status does not tell ${field}.`);
  return Number(kibibytes) * 1024;
}
