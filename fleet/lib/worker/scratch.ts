import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** Those of this process. */
const own = new Set<string>();

/**
 * A worker's folder for the files of running jobs: `fleet-<machine>-<process>-…`. Those of workers on this machine that
 * were killed are removed.
 */
export async function makeScratch(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  const start = `fleet-${hostname()}-`;
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(start) ? Number(/^\d+/.exec(name.slice(start.length))?.[0]) : NaN;
    const path = join(parent, name);
    // In a container the process has the number of the one that was killed before it.
    const isLeftOver = pid > 0 && (pid === process.pid ? !own.has(path) : !isRunning(pid));
    if (isLeftOver) await rm(path, { recursive: true, force: true });
  }
  const folder = await mkdtemp(join(parent, `${start}${process.pid}-`));
  own.add(folder);
  return folder;
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
