import { randomBytes } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ReverseDistillationError } from "../../errors/error.js";
import { libtorchCacheDirectory } from "../../files/cache.js";
import { ioError } from "../../files/io-error.js";
import { findBinaries, type Binaries } from "../binaries.js";
import { refusal } from "../loader.js";
import { runsCuda, type NvidiaDriver } from "../nvidia.js";
import type { Backend } from "./inspect.js";
import { cachedVersions, lookForLibTorch, type LibTorchOrigin } from "./search.js";

/** A place in which a LibTorch was looked for. */
export interface ListedLibTorch {
  origin: LibTorchOrigin;
  /** The folder or, where there is none, what was asked. */
  place: string;
  /**
   * - `used`: this one is opened.
   * - `fits`: it would be, if none came before it.
   * - `misfit`: there is one that does not do; `reason` says why.
   * - `absent`: there is none; `reason` says what there is.
   */
  state: "used" | "fits" | "misfit" | "absent";
  version?: string;
  backend?: Backend;
  reason?: string;
}

/**
 * Every LibTorch that the search comes by, in its order, and what becomes of it. Opens each that fits in
 * a process of its own, unless that was done before.
 *
 * @param binaries Those that a LibTorch must fit; undefined where there are none.
 */
export function listLibTorch(
  binaries: Binaries | undefined,
  env: NodeJS.ProcessEnv = process.env,
): ListedLibTorch[] {
  const builds = binaries?.implementations ?? [];
  const refuse = binaries && refusal(binaries);
  let settled = false;
  return [...lookForLibTorch({ builds }, { env, refuse })].map((looked): ListedLibTorch => {
    if ("libraries" in looked) {
      const { origin, directory, version, backend } = looked;
      const state = settled ? "fits" : "used";
      settled = true;
      return { origin, place: directory, state, version, backend };
    }
    const { origin, place, exists, version, reason } = looked;
    // Whoever names one means it: nothing is taken in its stead.
    if (origin === "chosen") settled = true;
    return { origin, place, state: exists ? "misfit" : "absent", version, reason };
  });
}

/** The binaries at hand; undefined where there are none. */
export function binariesIfAny(env: NodeJS.ProcessEnv = process.env): Binaries | undefined {
  try {
    return findBinaries(env);
  } catch (error) {
    if (error instanceof ReverseDistillationError && error.code === "ADDON_NOT_FOUND") return undefined;
    throw error;
  }
}

/** The build to install here: for CUDA where this package holds a binary for it, and a GPU's driver or no other binary. */
export function recommendedBackend(binaries: Binaries | undefined, driver: NvidiaDriver | undefined): Backend {
  const has = (kind: Backend): boolean =>
    binaries?.implementations.some(({ backend }) => backend === kind) === true;
  return has("cuda") && (runsCuda(driver) || !has("cpu")) ? "cuda" : "cpu";
}

/**
 * Removes a LibTorch from this package's cache; one that is open in a process stays usable there.
 *
 * @param version its full version, such as "2.13.0+cpu".
 * @returns the folder that it was in.
 * @throws ReverseDistillationError `NOT_FOUND` where it is not in the cache, `IO`.
 */
export async function removeLibTorch(version: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const cache = libtorchCacheDirectory(env);
  const versions = cachedVersions(cache);
  const directory = join(cache, version);
  if (!versions.includes(version))
    throw new ReverseDistillationError(
      "NOT_FOUND",
      `${cache} holds no ${version}: it holds ${versions.length > 0 ? versions.join(", ") : "nothing"}.`,
    );
  try {
    // First the name, so that nobody finds a part of it.
    const away = join(cache, `.unfinished-removal-${randomBytes(6).toString("hex")}`);
    await rename(directory, away);
    await rm(away, { recursive: true });
    return directory;
  } catch (error) {
    throw ioError(error, "Removing LibTorch", directory);
  }
}
