import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The kernel's part of NVIDIA's driver. */
export interface NvidiaDriver {
  /** Such as "580.95.05"; undefined where it is there and does not say, as in WSL. */
  version: string | undefined;
  /** The GPUs' names, such as "NVIDIA H100 80GB HBM3". */
  gpus: string[];
}

/** The oldest driver on which CUDA 13 runs, which this package's CUDA builds are made for. */
export const oldestDriver = 580;

/**
 * Looks for NVIDIA's driver without loading any of it.
 *
 * @param root of the file system, for tests.
 * @returns undefined where there is none.
 */
export function nvidiaDriver(root = "/"): NvidiaDriver | undefined {
  const folder = join(root, "proc", "driver", "nvidia");
  const version = /^NVRM version:.*?\s(\d+\.[\d.]+)/m.exec(readText(join(folder, "version")))?.[1];
  const there = version !== undefined || existsSync(join(root, "usr", "lib", "wsl", "lib", "libcuda.so.1"));
  return there ? { version, gpus: gpuNames(join(folder, "gpus")) } : undefined;
}

/** Whether there is a driver that CUDA 13 runs on, as far as can be told. */
export function runsCuda(driver: NvidiaDriver | undefined): boolean {
  if (driver === undefined) return false;
  return driver.version === undefined || Number.parseInt(driver.version, 10) >= oldestDriver;
}

function gpuNames(folder: string): string[] {
  try {
    return readdirSync(folder).flatMap((gpu) => {
      const model = /^Model:\s*(.+)$/m.exec(readText(join(folder, gpu, "information")))?.[1];
      return model === undefined ? [] : [model.trim()];
    });
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
