import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** NVIDIA's kernel driver. */
export interface NvidiaDriver {
  /** Such as "580.95.05"; undefined if the driver does not report it, as in WSL. */
  version: string | undefined;
  /** The GPUs' names, such as "NVIDIA H100 80GB HBM3". */
  gpus: string[];
}

/** The oldest driver that runs CUDA 13, which this package's CUDA builds need. */
export const oldestDriver = 580;

/**
 * Detects NVIDIA's driver without loading it.
 *
 * @param root The root of the file system; tests pass another.
 * @returns undefined if there is no driver.
 */
export function nvidiaDriver(root = "/"): NvidiaDriver | undefined {
  const folder = join(root, "proc", "driver", "nvidia");
  const version = /^NVRM version:.*?\s(\d+\.[\d.]+)/m.exec(readText(join(folder, "version")))?.[1];
  const there = version !== undefined || existsSync(join(root, "usr", "lib", "wsl", "lib", "libcuda.so.1"));
  return there ? { version, gpus: gpuNames(join(folder, "gpus")) } : undefined;
}

/** Whether the driver runs CUDA 13. A driver of unknown version is assumed to. */
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
