import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { elfDefect } from "./elf.js";

/** What a LibTorch computes on. */
export type Backend = "cpu" | "cuda";

/** A LibTorch that fits what was asked for. */
export interface LibTorch {
  /** The folder that holds `lib/` and, for builds, `include/`. */
  directory: string;
  /** Such as "2.13.0+cpu". */
  version: string;
  /** Such as "2.13": LibTorch keeps its binary interface within a minor version only. */
  minor: string;
  backend: Backend;
  /** Its shared libraries by absolute path, in the order in which they are opened. */
  libraries: string[];
}

/** What a LibTorch is wanted for. */
export interface LibTorchRequirement {
  /** The minor versions that fit, such as ["2.13"]. */
  minors: readonly string[];
  /** Whether to build against it, which takes its headers as well. Default: false. */
  headers?: boolean;
}

/** Why a folder's LibTorch does not fit. */
export interface Misfit {
  reason: string;
  /** False where the folder holds no LibTorch at all. */
  exists: boolean;
}

/** The shared libraries that each backend opens, in order of dependence. */
const libraryNames: Record<Backend, readonly string[]> = {
  cpu: ["libc10.so", "libtorch_cpu.so"],
  cuda: ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so"],
};

/** The backends that this package has an implementation for. */
const supportedBackends: readonly Backend[] = ["cpu"];

/**
 * Looks at a folder laid out like a LibTorch archive or an installed `torch` package, loading nothing.
 *
 * @returns the LibTorch if it fits, otherwise why not.
 */
export function inspectLibTorch(directory: string, requirement: LibTorchRequirement): LibTorch | Misfit {
  if (!existsSync(directory)) return { reason: "the folder does not exist", exists: false };
  const version = readVersion(directory);
  if (version === undefined)
    return { reason: "no LibTorch: lib/ or a version (version.py, build-version, headers) is missing", exists: false };

  const misfit = (reason: string): Misfit => ({ reason: `LibTorch ${version}: ${reason}`, exists: true });
  const minor = /^\d+\.\d+/.exec(version)?.[0];
  if (minor === undefined) return misfit("its version cannot be read");
  if (!requirement.minors.includes(minor)) return misfit(`version ${requirement.minors.join(" or ")} is needed`);

  const backend = readBackend(directory, version);
  if (backend === "rocm") return misfit("a ROCm build; a CPU build is needed");
  if (!supportedBackends.includes(backend)) return misfit("a CUDA build; a CPU build is needed");

  const libraries = libraryNames[backend].map((name) => join(directory, "lib", name));
  for (const library of libraries) {
    const defect = elfDefect(library);
    if (defect !== undefined) return misfit(defect);
  }
  const header = join(directory, "include", "torch", "csrc", "api", "include", "torch", "torch.h");
  if (requirement.headers === true && !existsSync(header)) return misfit(`its headers are missing: ${header}`);
  return { directory, version, minor, backend, libraries };
}

/** The full version, by the file that says most about the build; undefined where nothing says it. */
function readVersion(directory: string): string | undefined {
  if (!existsSync(join(directory, "lib"))) return undefined;
  const python = readText(join(directory, "version.py"));
  const fromPython = /^__version__ = ['"]([^'"]+)['"]/m.exec(python)?.[1];
  if (fromPython !== undefined) return fromPython;
  const fromArchive = readText(join(directory, "build-version")).trim();
  if (fromArchive !== "") return fromArchive;
  const headers = readText(join(directory, "include", "torch", "headeronly", "version.h"));
  const parts = ["MAJOR", "MINOR", "PATCH"].map(
    (part) => new RegExp(`#define TORCH_VERSION_${part} +(\\d+)`).exec(headers)?.[1],
  );
  return parts.includes(undefined) ? undefined : parts.join(".");
}

function readBackend(directory: string, version: string): Backend | "rocm" {
  const has = (name: string): boolean => existsSync(join(directory, "lib", name));
  if (has("libtorch_hip.so") || version.includes("+rocm")) return "rocm";
  return has("libtorch_cuda.so") || /\+cu\d/.test(version) ? "cuda" : "cpu";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
