import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { writeAtomically } from "../../lib/files/atomic-file.js";
import type { Environment } from "../environment.js";
import type { Goal, Measured } from "./goals.js";

/** The results of one run of `npm run gpu`. */
export interface GpuResults extends Measured {
  environment: Environment & { device: string; driver: string | null; memoryMiB: number | null };
  /** The ends of the stages before, as scripts/gpu/record.mjs writes them. */
  stages: readonly object[];
  goals: readonly Goal[];
}

/** Name of the results file of a device, such as "gpu-nvidia-h100-80gb-hbm3.json". */
export function resultsName(device: string): string {
  const slug = device
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return `gpu-${slug || "unknown"}.json`;
}

/** Writes the results file atomically, and replaces that of an earlier run. */
export async function writeResults(path: string, results: GpuResults): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeAtomically(path, (file) => writeFile(file, `${JSON.stringify(results, null, 2)}\n`));
}
