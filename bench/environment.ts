import { availableParallelism, cpus, totalmem } from "node:os";
import { loadAddon } from "../lib/native/loader.js";
import { version } from "../lib/version.js";

/** The machine and the versions that a number was measured with. */
export interface Environment {
  date: string;
  package: string;
  node: string;
  libtorch: string;
  cpu: string;
  cpuCapability: string;
  cores: number;
  memoryGiB: number;
}

/** The environment of this process, today. */
export async function describeEnvironment(): Promise<Environment> {
  const { libtorch, cpuCapability } = (await loadAddon()).info();
  return {
    date: new Date().toISOString().slice(0, 10),
    package: version,
    node: process.versions.node,
    libtorch,
    cpu: cpus()[0]?.model ?? "unknown",
    cpuCapability,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
}

/** The machines that results come from, a line each: the processor, its instruction set and cores, and the date. */
export function describeMachines(results: readonly { environment: Environment }[]): string {
  const lines = results.map(
    ({ environment: { cpu, cpuCapability, cores, date } }) =>
      `${cpu} (${cpuCapability}), ${cores} cores, ${date}.`,
  );
  return `${[...new Set(lines)].join("\n")}\n`;
}
