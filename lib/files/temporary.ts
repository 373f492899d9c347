import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync, rmSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { systemPath } from "./system-path.js";

/**
 * Files and folders that are unfinished have a name that says which process they belong to:
 * `.<process id>-<machine>.<random>.tmp`. A process that ends in order removes its own; those of a process that was
 * killed go when anything is written to the same folder.
 */
const pattern = /^\.(\d+)-([0-9a-f]{8})\.[0-9a-f]{16}\.tmp$/;

/** Tells apart machines and containers, in which the same number is another process. */
const machine = createHash("sha256")
  .update([hostname(), textOf("/proc/sys/kernel/random/boot_id"), linkOf("/proc/self/ns/pid")].join())
  .digest("hex")
  .slice(0, 8);

/** Of processes elsewhere nobody knows here whether they run: their files count as left behind after a day. */
const abandonedAfter = 24 * 3600 * 1000;

/** How often a folder is looked through at most, in milliseconds: it may hold any number of files. */
const sweepEvery = 60_000;

const live = new Set<string>();
const swept = new Map<string, number>();

/**
 * Runs work with the path of a file or folder that does not exist yet, and removes what is there afterwards. Finished
 * work has renamed it. Leftovers of killed processes in the same folder are removed first.
 *
 * @param folder The folder to make it in, which must exist.
 */
export async function withTemporary<T>(folder: string, work: (path: string) => Promise<T>): Promise<T> {
  await sweep(folder);
  // Does not contain the final name, which may already have the maximum length.
  const path = join(folder, `.${process.pid}-${machine}.${randomBytes(8).toString("hex")}.tmp`);
  if (live.size === 0) process.on("exit", removeAll);
  live.add(path);
  try {
    return await work(path);
  } finally {
    await rm(systemPath(path), { recursive: true, force: true });
    live.delete(path);
    if (live.size === 0) process.off("exit", removeAll);
  }
}

/** `process.exit()` does not wait for work. */
function removeAll(): void {
  for (const path of live) rmSync(systemPath(path), { recursive: true, force: true });
}

/** Removes what killed processes left behind. Best effort: a folder that cannot be read is left alone. */
async function sweep(folder: string): Promise<void> {
  const now = Date.now();
  if (now - (swept.get(folder) ?? -Infinity) < sweepEvery) return;
  swept.set(folder, now);
  const names = await readdir(systemPath(folder)).catch(() => []);
  for (const name of names) {
    const owner = pattern.exec(name);
    if (owner === null) continue;
    const path = systemPath(join(folder, name));
    const [, pid, where] = owner;
    const abandoned = where === machine ? !isRunning(Number(pid)) : await isOld(path, now);
    if (abandoned) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

async function isOld(path: string | Buffer, now: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && now - found.mtimeMs > abandonedAfter;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
