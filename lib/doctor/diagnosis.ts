import sharp from "sharp";
import { ReverseDistillationError } from "../errors/error.js";
import { cacheDirectoryIfAny, noCache } from "../files/cache.js";
import { findBinaries, packageRoot, type Binaries } from "../native/binaries.js";
import { elfDefect } from "../native/elf.js";
import type { Backend } from "../native/libtorch/inspect.js";
import { listLibTorch, type ListedLibTorch } from "../native/libtorch/list.js";
import { implementationFor } from "../native/loader.js";
import { oldestDriver } from "../native/nvidia.js";
import { libtorchRemedy } from "../native/remedy.js";
import { version } from "../version.js";
import { adviseOnLimits } from "./limits.js";
import { describeMachine, type Machine } from "./machine.js";
import type { SelfTest } from "./self-test.js";

/** A binary of the native addon. */
export interface BinaryReport {
  path: string;
  backend: Backend;
  /** The minor version of LibTorch that it was built against, such as "2.13". */
  minor: string;
  /** Why the file cannot be loaded, if its headers show it. */
  defect?: string;
}

/** Everything that determines whether and how this package runs on this machine. */
export interface Diagnosis {
  package: { version: string; path: string; sharp: string; vips: string };
  machine: Machine;
  /** This package's cache, or why there is none. */
  cache: string;
  /** The environment variables that are set and affect this package. */
  environment: Record<string, string>;
  /** The `.node` file, or why there is none. */
  loader: { path: string } | { error: string };
  /** The binaries that the loader can open. */
  implementations: BinaryReport[];
  /** Every place that was searched, and what was found there. */
  libtorch: ListedLibTorch[];
  /** What this package uses; null if nothing is compatible. */
  chosen: { libtorch: string; implementation: string; backend: Backend } | null;
  selfTest: SelfTest;
  /** What is wrong or could be improved, and what to do about it. */
  advice: string[];
  /** Whether the self-test succeeded. */
  healthy: boolean;
}

const variables =
  /^(LIBTORCH|REVERSE_DISTILLATION_\w+|PREBUILDS_ONLY|LD_LIBRARY_PATH|LD_PRELOAD|OMP_NUM_THREADS|CUDA_VISIBLE_DEVICES|XDG_CACHE_HOME)$/;

/** Diagnoses this machine. The caller provides the self-test, since running it may crash the process. */
export async function diagnose(
  selfTest: () => Promise<SelfTest>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Diagnosis> {
  const machine = describeMachine();
  const { binaries, error } = lookForBinaries(env);
  const libtorch = await listLibTorch(binaries, { env, again: true });
  const used = libtorch.find(({ state }) => state === "used");
  const implementations = (binaries?.implementations ?? []).map((each) => ({
    ...each,
    defect: elfDefect(each.path),
  }));
  const chosen = used && binaries ? choice(used, binaries) : null;
  const outcome = await selfTest();
  return {
    package: {
      version,
      path: packageRoot(),
      sharp: sharp.versions.sharp ?? "unknown",
      vips: sharp.versions.vips,
    },
    machine,
    cache: cacheDirectoryIfAny(env) ?? `none: ${noCache}`,
    environment: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) => (value && variables.test(name) ? [[name, value]] : [])),
    ),
    loader: binaries ? { path: binaries.loader } : { error: error ?? "" },
    implementations,
    libtorch,
    chosen,
    selfTest: outcome,
    advice: [...advise(machine, binaries, chosen?.backend, libtorch), ...adviseOnLimits(machine.limits)],
    healthy: outcome.ok,
  };
}

function lookForBinaries(env: NodeJS.ProcessEnv): { binaries?: Binaries; error?: string } {
  try {
    return { binaries: findBinaries(env) };
  } catch (error) {
    if (error instanceof ReverseDistillationError) return { error: error.message };
    throw error;
  }
}

function choice(
  { place, version: full, backend }: ListedLibTorch,
  { implementations }: Binaries,
): Diagnosis["chosen"] {
  const minor = /^\d+\.\d+/.exec(full ?? "")?.[0] ?? "";
  const implementation = implementationFor({ backend: backend!, minor }, implementations);
  return { libtorch: place, implementation: implementation.path, backend: implementation.backend };
}

/** Says what is wrong or could be improved, and what to do about it. */
export function advise(
  { nvidia }: Pick<Machine, "nvidia">,
  binaries: Binaries | undefined,
  backend: Backend | undefined,
  libtorch: ListedLibTorch[],
): string[] {
  const advice: string[] = [];
  if (binaries !== undefined && backend === undefined) {
    const misfits = libtorch.some(({ state }) => state === "misfit");
    advice.push(`No compatible LibTorch was found. ${libtorchRemedy(binaries.implementations, misfits)}`);
  }
  const hasCuda = binaries?.implementations.some((each) => each.backend === "cuda") === true;
  if (nvidia !== null && !nvidia.runsCuda13)
    advice.push(
      `The GPU is not used: its driver is version ${nvidia.driver}, but CUDA 13 needs ${oldestDriver} or later. Update the driver.`,
    );
  else if (nvidia !== null && hasCuda && backend === "cpu")
    advice.push(
      "The GPU is not used because LibTorch is a CPU build. " +
        "Run `npx reverse-distillation libtorch install --cuda` to install the CUDA build.",
    );
  if (nvidia === null && backend === "cuda")
    advice.push(
      "No NVIDIA driver was found, so the CUDA build of LibTorch runs on the CPU. The CPU build needs a tenth of the " +
        "space: run `npx reverse-distillation libtorch install --cpu` to install it.",
    );
  return advice;
}
