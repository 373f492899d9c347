import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectoryIfAny } from "../../files/cache.js";
import { nvidiaDriver, runsCuda, type NvidiaDriver } from "../nvidia.js";
import type { LibTorchBuild } from "./inspect.js";
import type { FoundLibTorch } from "./search.js";

/** Whether this thread has said it. */
let said = false;

/**
 * Says that there is a CUDA build of LibTorch, as a warning of the process, if the CPU build came with npm on a machine
 * whose GPU could be used. It is said once for each cache; without a cache that can be written, once for each process.
 *
 * @param implementations The kinds of binaries that this package has.
 * @param machine The driver and the environment; tests pass others.
 */
export function noticeGpuBuild(
  { origin, backend }: Pick<FoundLibTorch, "origin" | "backend">,
  implementations: readonly LibTorchBuild[],
  { driver = nvidiaDriver(), env = process.env }: { driver?: NvidiaDriver; env?: NodeJS.ProcessEnv } = {},
): void {
  const hasCuda = implementations.some((each) => each.backend === "cuda");
  if (origin !== "package" || backend !== "cpu" || !hasCuda || !runsCuda(driver)) return;
  if (said || !firstInCache(env)) return;
  said = true;
  process.emitWarning(
    "The GPU is not used, because npm installs the CPU build of LibTorch. " +
      "Run `npx reverse-distillation libtorch install --cuda` to install the CUDA build (2.5 GB). This is said once.",
    { type: "ReverseDistillationWarning", code: "GPU_NOT_USED" },
  );
}

/** Leaves a mark in the cache. @returns false if it was there. */
function firstInCache(env: NodeJS.ProcessEnv): boolean {
  const cache = cacheDirectoryIfAny(env);
  if (cache === undefined) return true;
  try {
    mkdirSync(join(cache, "notices"), { recursive: true });
    writeFileSync(join(cache, "notices", "gpu-not-used"), "", { flag: "wx" });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EEXIST";
  }
}
