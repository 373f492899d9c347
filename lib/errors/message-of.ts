import { inspect } from "node:util";

/** The message of a thrown value, which may be anything. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === "string" ? thrown : inspect(thrown);
}
