import { randomBytes } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ReverseDistillationError } from "../../errors/error.js";
import { libtorchCacheDirectory } from "../../files/cache.js";
import { ioError } from "../../files/io-error.js";
import { findBinaries, type Binaries } from "../binaries.js";
import { refusal } from "../loader.js";
import { runsCuda, type NvidiaDriver } from "../nvidia.js";
import type { TrialOptions } from "../trial.js";
import type { Backend } from "./inspect.js";
import { cachedVersions, lookForLibTorch, type LibTorchOrigin } from "./search.js";

/** A place that was searched for LibTorch. */
export interface ListedLibTorch {
  origin: LibTorchOrigin;
  /** The folder, or what was searched if there is no folder. */
  place: string;
  /**
   * - `used`: this LibTorch is used.
   * - `fits`: it is compatible, but another comes first.
   * - `misfit`: it is incompatible; `reason` says why.
   * - `absent`: there is no LibTorch here; `reason` says what was found.
   */
  state: "used" | "fits" | "misfit" | "absent";
  version?: string;
  backend?: Backend;
  reason?: string;
}

/**
 * Lists every place that is searched for LibTorch, in order, and what was found there. Each LibTorch that looks
 * compatible is tried in a child process, unless that was done before.
 *
 * @param binaries The binaries that LibTorch must be compatible with; undefined if there are none.
 * @param options How they are tried.
 */
export async function listLibTorch(
  binaries: Binaries | undefined,
  { env = process.env, again }: TrialOptions = {},
): Promise<ListedLibTorch[]> {
  const builds = binaries?.implementations ?? [];
  const refuse = binaries && refusal(binaries, { again });
  const listed: ListedLibTorch[] = [];
  let settled = false;
  for await (const looked of lookForLibTorch({ builds }, { env, refuse })) {
    if ("libraries" in looked) {
      const { origin, directory, version, backend } = looked;
      listed.push({ origin, place: directory, state: settled ? "fits" : "used", version, backend });
      settled = true;
      continue;
    }
    const { origin, place, exists, version, reason } = looked;
    // If the user chose one, nothing else is used instead.
    if (origin === "chosen") settled = true;
    listed.push({ origin, place, state: exists ? "misfit" : "absent", version, reason });
  }
  return listed;
}

/** The addon's binaries; undefined if there are none. */
export function binariesIfAny(env: NodeJS.ProcessEnv = process.env): Binaries | undefined {
  try {
    return findBinaries(env);
  } catch (error) {
    if (error instanceof ReverseDistillationError && error.code === "ADDON_NOT_FOUND") return undefined;
    throw error;
  }
}

/** The build to install: CUDA if this package has a binary for it and either a suitable driver or no CPU binary. */
export function recommendedBackend(
  binaries: Binaries | undefined,
  driver: NvidiaDriver | undefined,
): Backend {
  const has = (kind: Backend): boolean =>
    binaries?.implementations.some(({ backend }) => backend === kind) === true;
  return has("cuda") && (runsCuda(driver) || !has("cpu")) ? "cuda" : "cpu";
}

/**
 * Removes a LibTorch from this package's cache. Processes that have it open can continue to use it.
 *
 * @param version The full version, such as "2.13.0+cpu".
 * @returns the folder that was removed.
 * @throws ReverseDistillationError `NOT_FOUND` if it is not in the cache, `IO`.
 */
export async function removeLibTorch(version: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const cache = libtorchCacheDirectory(env);
  const versions = cachedVersions(cache);
  const directory = join(cache, version);
  if (!versions.includes(version))
    throw new ReverseDistillationError(
      "NOT_FOUND",
      `${cache} does not contain ${version}; it contains ${versions.length > 0 ? versions.join(", ") : "nothing"}.`,
    );
  try {
    // Rename it first, so that nobody finds it half removed.
    const away = join(cache, `.unfinished-removal-${randomBytes(6).toString("hex")}`);
    await rename(directory, away);
    await rm(away, { recursive: true });
    return directory;
  } catch (error) {
    throw ioError(error, "Removing LibTorch", directory);
  }
}
