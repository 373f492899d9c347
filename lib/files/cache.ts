import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";

/**
 * The folder where this package keeps its downloads: `$REVERSE_DISTILLATION_CACHE`, or else `reverse-distillation` in
 * `$XDG_CACHE_HOME` or `~/.cache`. It may not exist yet. Undefined if no variable names a folder and the user has no
 * home, as in a container that runs as a user without an entry in /etc/passwd.
 */
export function cacheDirectoryIfAny(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.REVERSE_DISTILLATION_CACHE) return resolve(env.REVERSE_DISTILLATION_CACHE);
  if (env.XDG_CACHE_HOME) return join(resolve(env.XDG_CACHE_HOME), "reverse-distillation");
  const home = homeIfAny();
  return home === undefined ? undefined : join(resolve(home), ".cache", "reverse-distillation");
}

/**
 * The folder of {@link cacheDirectoryIfAny}, for what cannot be done without one.
 *
 * @throws ReverseDistillationError `NOT_FOUND`
 */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const folder = cacheDirectoryIfAny(env);
  if (folder !== undefined) return folder;
  throw new ReverseDistillationError("NOT_FOUND", `There is no folder for downloads: ${noCache}.`);
}

/** Why there is no cache, and what to do. */
export const noCache =
  "HOME is not set and the user has no home folder; set REVERSE_DISTILLATION_CACHE to a folder that can be written";

/**
 * The folder of the cached LibTorch builds. Each build has a subfolder named after its full version.
 *
 * @throws as {@link cacheDirectory}
 */
export function libtorchCacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheDirectory(env), "libtorch");
}

function homeIfAny(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}
