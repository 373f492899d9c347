import { inspected } from "./inspected.js";

/** The message of a thrown value, which may be anything. */
export function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error && typeof thrown.message === "string") return thrown.message;
  } catch {
    // A proxy or a getter has thrown.
  }
  return typeof thrown === "string" ? thrown : inspected(thrown);
}
