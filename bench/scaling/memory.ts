import { readFileSync } from "node:fs";
import type { Memory } from "./points.js";

/**
 * Watches the memory of this process. Linux records the peak, but not the peak of memory outside files. A timer samples
 * that one, even while native threads compute.
 */
export class MemoryWatch {
  readonly #before = residentBytes("VmHWM");
  readonly #timer = setInterval(() => this.#look(), 20);
  #anonymous = 0;

  /** Ends the watch and returns what it recorded. */
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

/** A field of /proc/self/status, in bytes. */
export function residentBytes(field: "VmHWM" | "RssAnon" | "VmSwap"): number {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(
    readFileSync("/proc/self/status", "utf8"),
  )?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/self/status does not contain ${field}.`);
  return Number(kibibytes) * 1024;
}
