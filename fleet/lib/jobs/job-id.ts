import { createHash } from "node:crypto";
import type { JobInput } from "./job.js";

/** Hexadecimal digits of an id: 128 bits, so two jobs do not share one by chance. */
const length = 32;

/**
 * The id of a job: a digest of its images, options and model. Whoever asks for the same work gets the same job, and a
 * job that is delivered twice has one result.
 */
export function jobIdOf({ kind, images, model, files, options }: JobInput): string {
  const text = JSON.stringify(sorted({ kind, images, model, files, options }));
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}

/** A copy whose keys are in order, whatever the order in which a caller wrote them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, sorted(each)]));
}
