/**
 * Builds the native addon from the sources in the published package, unless a binary in it fits the LibTorch on this
 * machine. Bundled as dist/rebuild.js, which scripts/install.mjs runs.
 */
import { findBinaries, packageRoot, type Binaries } from "../lib/native/binaries.js";
import type { LibTorch, LibTorchBuild } from "../lib/native/libtorch/inspect.js";
import { buildable, findLibTorch } from "../lib/native/libtorch/search.js";
import { refusal } from "../lib/native/loader.js";
import { nativeSettings } from "../lib/native/settings.js";
import { buildNative } from "./native-build.js";

/** The shipped binaries; undefined if there are none for this platform. */
function shipped(): Binaries | undefined {
  try {
    return findBinaries();
  } catch {
    return undefined;
  }
}

/** The LibTorch that a shipped binary fits; without one, whether there is any LibTorch at all. */
async function fitting(binaries: Binaries): Promise<{ libtorch?: LibTorch; others: boolean }> {
  try {
    const requirement = { builds: binaries.implementations };
    const { found, passedOver } = await findLibTorch(requirement, { refuse: refusal(binaries) });
    return { libtorch: found, others: passedOver.some(({ exists }) => exists) };
  } catch {
    // The user named one that does not fit.
    return { others: true };
  }
}

/** The kinds to build for: the one that `REVERSE_DISTILLATION_BACKEND` names, or else all, and the first found wins. */
function wanted(): LibTorchBuild[] {
  const { backend } = nativeSettings();
  return backend === undefined ? [...buildable("cpu"), ...buildable("cuda")] : buildable(backend.value);
}

try {
  const binaries = shipped();
  const { libtorch, others } = binaries === undefined ? { others: true } : await fitting(binaries);
  if (libtorch !== undefined) {
    console.log(
      `Nothing to build: a binary of this package fits LibTorch ${libtorch.version} (${libtorch.directory})`,
    );
  } else if (!others) {
    console.log(
      "Nothing to build: there is no LibTorch yet. `npx reverse-distillation libtorch install` fetches one.",
    );
  } else {
    const { libtorch: target } = await buildNative(packageRoot(), { builds: wanted(), fetch: false });
    console.log(`Built the native addon for LibTorch ${target.version} (${target.directory})`);
  }
} catch (error) {
  console.error(`reverse-distillation: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
