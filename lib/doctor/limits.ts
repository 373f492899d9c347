import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/** A limit of the system on what a process may use. */
export interface Limit {
  what: "threads" | "address space";
  /** Who sets it, and how: "ulimit -u". */
  source: string;
  /** In threads or bytes. */
  limit: number;
  used: number;
  /** How much of it a detector needs more. */
  needed: number;
}

/**
 * What a detector needs beyond a running Node.js: threads for its work, for shrinking images and for the images of a training,
 * one for each further core, and two that must be spare; and the address space of LibTorch, of threads and of a small model.
 */
const needed = { threads: availableParallelism() + 4, addressSpace: 2 * 2 ** 30 };

/** The limits that can keep a detector from working. Unlimited ones are left out. */
export function findLimits(): Limit[] {
  const threads = { what: "threads", needed: needed.threads } as const;
  const found: Limit[] = [];
  const processes = softLimit("Max processes");
  // Root is not bound by it.
  if (processes !== undefined && process.getuid?.() !== 0)
    found.push({ ...threads, source: "ulimit -u", limit: processes, used: threadsOfUser() });
  for (const folder of pidsFolders()) {
    const limit = Number(readText(join(folder, "pids.max")) || Number.NaN);
    if (Number.isFinite(limit))
      found.push({ ...threads, source: folder, limit, used: Number(readText(join(folder, "pids.current"))) });
  }
  const addressSpace = softLimit("Max address space");
  if (addressSpace !== undefined) {
    const used = kilobytes("VmSize", readText("/proc/self/status")) * 1024;
    const rest = { limit: addressSpace, used, needed: needed.addressSpace };
    found.push({ what: "address space", source: "ulimit -v", ...rest });
  }
  return found;
}

/** Says what to do about the limits that are too low. */
export function adviseOnLimits(limits: readonly Limit[]): string[] {
  return limits
    .filter(({ limit, used, needed }) => limit - used < needed)
    .map(({ what, source, limit, used, needed }) => {
      const unit = (value: number): string =>
        what === "threads" ? String(value) : `${Math.round(value / 2 ** 20)} MB`;
      return (
        `A detector may fail with OUT_OF_MEMORY: it needs ${unit(needed)} of ${what} more, and ${source} allows ` +
        `${unit(Math.max(0, limit - used))} (${unit(used)} of ${unit(limit)} are in use). Raise the limit` +
        `${what === "threads" ? ", or set the option threads" : ""}.`
      );
    });
}

function softLimit(name: string): number | undefined {
  const line = readText("/proc/self/limits")
    .split("\n")
    .find((each) => each.startsWith(name));
  const value = Number(line?.slice(name.length).trim().split(/\s+/)[0] ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

/** The threads of all processes of this process's user, as far as this process may see them. */
export function threadsOfUser(): number {
  let count = 0;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const status = readText(join("/proc", id, "status"));
    if (Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) === process.getuid?.())
      count += Number(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return count;
}

/** The control groups around this process that may limit its threads, of version 2 and 1. */
function pidsFolders(): string[] {
  const folders = readText("/proc/self/cgroup")
    .split("\n")
    .flatMap((line) => {
      const [, controllers, path] = line.split(":");
      if (path === undefined) return [];
      if (controllers === "") return parents("/sys/fs/cgroup", path);
      return controllers!.split(",").includes("pids") ? parents("/sys/fs/cgroup/pids", path) : [];
    });
  return [...new Set(folders)];
}

/** The folder of a group and those of the groups around it. Inside a container, its own group is the root. */
function parents(root: string, path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..");
  return [...parts.keys(), parts.length].map((count) => join(root, ...parts.slice(0, count)));
}

function kilobytes(name: string, status: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
