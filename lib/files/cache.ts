import { homedir } from "node:os";
import { join, resolve } from "node:path";

/**
 * The folder in which this package keeps what it fetched: `$REVERSE_DISTILLATION_CACHE`, otherwise
 * `reverse-distillation` in `$XDG_CACHE_HOME` or `~/.cache`. It need not exist.
 */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.REVERSE_DISTILLATION_CACHE) return resolve(env.REVERSE_DISTILLATION_CACHE);
  return join(resolve(env.XDG_CACHE_HOME || join(homedir(), ".cache")), "reverse-distillation");
}

/** The folder of the cached LibTorch builds, one folder each, named by the full version. */
export function libtorchCacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheDirectory(env), "libtorch");
}
