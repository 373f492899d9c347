import sharp from "sharp";
import { ReverseDistillationError } from "../errors/error.js";
import { cacheDirectory } from "../files/cache.js";
import { findBinaries, packageRoot, type Binaries } from "../native/binaries.js";
import { elfDefect } from "../native/elf.js";
import type { Backend } from "../native/libtorch/inspect.js";
import { listLibTorch, type ListedLibTorch } from "../native/libtorch/list.js";
import { implementationFor } from "../native/loader.js";
import { oldestDriver } from "../native/nvidia.js";
import { libtorchRemedy } from "../native/remedy.js";
import { version } from "../version.js";
import { describeMachine, type Machine } from "./machine.js";
import type { SelfTest } from "./self-test.js";

/** A file of the native addon. */
export interface BinaryReport {
  path: string;
  backend: Backend;
  /** The minor version of LibTorch that it was built against. */
  minor: string;
  /** Why it cannot be loaded, judging by the file alone. */
  defect?: string;
}

/** Everything that decides on whether and how this package runs here. */
export interface Diagnosis {
  package: { version: string; path: string; sharp: string; vips: string };
  machine: Machine;
  /** This package's cache, and the variables that are set and that it looks at. */
  cache: string;
  environment: Record<string, string>;
  /** The `.node` file, or why there is none; and what it can open. */
  loader: { path: string } | { error: string };
  implementations: BinaryReport[];
  /** Every place that was searched, and what is there. */
  libtorch: ListedLibTorch[];
  /** What would be opened; null where nothing fits. */
  chosen: { libtorch: string; implementation: string; backend: Backend } | null;
  selfTest: SelfTest;
  /** What is wrong or could be better, each with what to do. */
  advice: string[];
  /** Whether the self-test succeeded. */
  healthy: boolean;
}

const variables =
  /^(LIBTORCH|REVERSE_DISTILLATION_\w+|PREBUILDS_ONLY|LD_LIBRARY_PATH|LD_PRELOAD|OMP_NUM_THREADS|CUDA_VISIBLE_DEVICES|XDG_CACHE_HOME)$/;

/** Looks at everything. The self-test is for the caller to run, since it may end the process that does. */
export async function diagnose(
  selfTest: () => Promise<SelfTest>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Diagnosis> {
  const machine = describeMachine();
  const { binaries, error } = lookForBinaries(env);
  const libtorch = listLibTorch(binaries, env);
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
    cache: cacheDirectory(env),
    environment: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) => (value && variables.test(name) ? [[name, value]] : [])),
    ),
    loader: binaries ? { path: binaries.loader } : { error: error ?? "" },
    implementations,
    libtorch,
    chosen,
    selfTest: outcome,
    advice: advise(machine, binaries, chosen?.backend, libtorch),
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

/** What is wrong or could be better, each with what to do. */
export function advise(
  { nvidia }: Pick<Machine, "nvidia">,
  binaries: Binaries | undefined,
  backend: Backend | undefined,
  libtorch: ListedLibTorch[],
): string[] {
  const advice: string[] = [];
  if (binaries !== undefined && backend === undefined) {
    const misfits = libtorch.some(({ state }) => state === "misfit");
    advice.push(`No LibTorch fits: ${libtorchRemedy(binaries.implementations, misfits)}`);
  }
  const hasCuda = binaries?.implementations.some((each) => each.backend === "cuda") === true;
  if (nvidia !== null && !nvidia.runsCuda13)
    advice.push(
      `The GPU is not used: its driver is ${nvidia.driver}, and CUDA 13 takes ${oldestDriver} or later. Update the driver.`,
    );
  else if (nvidia !== null && hasCuda && backend === "cpu")
    advice.push(
      "The GPU is not used, since LibTorch is a build for the CPU: `npx reverse-distillation libtorch install --cuda` fetches one for it.",
    );
  if (nvidia === null && backend === "cuda")
    advice.push(
      "There is no GPU with NVIDIA's driver, so the CUDA build of LibTorch computes on the CPU; " +
        "the CPU build takes a tenth of the space: `npx reverse-distillation libtorch install --cpu`.",
    );
  return advice;
}
