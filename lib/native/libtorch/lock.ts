import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** How often a holder shows that it lives, and when a lock counts as left behind, in milliseconds. */
const beat = 5_000;
const leftBehind = 60_000;

/**
 * Holds a lock file while work runs, so that of several processes one works and the others wait for what
 * it makes. It saves work and does not guard it: what is worked on must come about atomically, since a
 * lock that nobody has touched for a minute is taken over.
 *
 * @param onWait called once, if there is somebody to wait for.
 */
export async function withLock<Result>(
  path: string,
  { signal, onWait }: { signal?: AbortSignal; onWait: () => void },
  work: () => Promise<Result>,
): Promise<Result> {
  const token = randomUUID();
  for (let waited = false; !(await take(path, token)); ) {
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
  if (Date.now() - touched > leftBehind) {
    // Renamed and not removed: of several that wait, one succeeds.
    const away = `${path}.${token}`;
    await rename(path, away).then(
      () => rm(away, { force: true }),
      () => undefined,
    );
  }
  return false;
}
