import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** How often the holder touches the lock, and the age at which a lock counts as abandoned, in milliseconds. */
const beat = 5_000;
const abandonedAfter = 60_000;

/**
 * Holds a lock file while the work runs, so that one of several processes works and the others wait for its result.
 * The lock only saves duplicate work and gives no protection: a lock that has not been touched for a minute is taken
 * over, so the work must produce its result atomically.
 *
 * @param onWait Called once if another process holds the lock.
 */
export async function withLock<Result>(
  path: string,
  { signal, onWait }: { signal?: AbortSignal; onWait: () => void },
  work: () => Promise<Result>,
): Promise<Result> {
  const token = randomUUID();
  for (let waited = false; !(await take(path, token));) {
    if (!waited) onWait();
    waited = true;
    await delay(250, undefined, { signal });
  }
  const heart = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, beat);
  heart.unref();
  try {
    return await work();
  } finally {
    clearInterval(heart);
    if ((await readFile(path, "utf8").catch(() => "")) === token) await rm(path, { force: true });
  }
}

async function take(path: string, token: string): Promise<boolean> {
  try {
    await writeFile(path, token, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const touched = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
  if (Date.now() - touched > abandonedAfter) {
    // Renamed rather than removed, so that only one of several waiting processes succeeds.
    const away = `${path}.${token}`;
    await rename(path, away).then(
      () => rm(away, { force: true }),
      () => undefined,
    );
  }
  return false;
}
