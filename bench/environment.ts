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
