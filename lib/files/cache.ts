import { homedir } from "node:os";
import { join, resolve } from "node:path";

/**
 * The folder where this package keeps its downloads: `$REVERSE_DISTILLATION_CACHE`, or else `reverse-distillation` in
 * `$XDG_CACHE_HOME` or `~/.cache`. It may not exist yet.
 */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.REVERSE_DISTILLATION_CACHE) return resolve(env.REVERSE_DISTILLATION_CACHE);
  return join(resolve(env.XDG_CACHE_HOME || join(homedir(), ".cache")), "reverse-distillation");
}

/** The folder of the cached LibTorch builds. Each build has a subfolder named after its full version. */
export function libtorchCacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheDirectory(env), "libtorch");
}
