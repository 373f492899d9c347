import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { nvidiaDriver, runsCuda } from "../native/nvidia.js";
import { findLimits, type Limit } from "./limits.js";

/** The machine and the Node.js that this process runs on. */
export interface Machine {
  node: { version: string; napi: string; path: string };
  /** Such as "linux-x64". */
  platform: string;
  /** The kernel's release. */
  kernel: string;
  /** Such as "glibc 2.36". */
  libc: string;
  cpu: {
    model: string;
    /** The number of threads that can run in parallel. */
    threads: number;
    /** The processor's instruction sets that affect speed. */
    features: string[];
  };
  memoryMegabytes: number;
  /** The system's limits that can keep a detector from working. */
  limits: Limit[];
  /** NVIDIA's driver; null if there is none. */
  nvidia: { driver: string | null; gpus: string[]; runsCuda13: boolean } | null;
}

/** The instruction sets that LibTorch or this package has code for, as the kernel names them. */
const features = [
  "sse4_2",
  "fma",
  "avx",
  "avx2",
  "avx512f",
  "avx512_vnni",
  "avx512_bf16",
  "amx_bf16",
  "asimd",
  "sve",
];

export function describeMachine(): Machine {
  const driver = nvidiaDriver();
  return {
    node: { version: process.version, napi: process.versions.napi ?? "none", path: process.execPath },
    platform: `${process.platform}-${process.arch}`,
    kernel: release(),
    libc: libc(),
    cpu: {
      model: cpus()[0]?.model.trim() ?? "unknown",
      threads: availableParallelism(),
      features: cpuFeatures(readText("/proc/cpuinfo")),
    },
    memoryMegabytes: Math.round(totalmem() / 2 ** 20),
    limits: findLimits(),
    nvidia: driver
      ? { driver: driver.version ?? null, gpus: driver.gpus, runsCuda13: runsCuda(driver) }
      : null,
  };
}

/** @param text The text of /proc/cpuinfo. */
export function cpuFeatures(text: string): string[] {
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.split(" "));
  return features.filter((feature) => flags.has(feature));
}

function libc(): string {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const version = header?.glibcVersionRuntime;
  return version === undefined ? "not glibc" : `glibc ${version}`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
