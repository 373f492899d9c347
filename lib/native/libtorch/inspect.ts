import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { elfDefect } from "../elf.js";

/** What a LibTorch build computes on. "cuda" builds compute on the CPU too. */
export type Backend = "cpu" | "cuda";

/** The kind of LibTorch that a binary of the addon needs. */
export interface LibTorchBuild {
  backend: Backend;
  /** Such as "2.13". LibTorch keeps its binary interface stable only within a minor version. */
  minor: string;
}

/** A LibTorch that meets the requirement. */
export interface LibTorch extends LibTorchBuild {
  /** The folder that contains `lib/` and, for building against it, `include/`. */
  directory: string;
  /** Such as "2.13.0+cpu". */
  version: string;
  /** Absolute paths of its shared libraries, in the order in which they are opened. */
  libraries: string[];
}

/** What a LibTorch must provide. */
export interface LibTorchRequirement {
  /** The acceptable kinds. */
  builds: readonly LibTorchBuild[];
  /** Whether its headers are needed, to build against it. Default: false. */
  headers?: boolean;
}

/** Why a folder contains no suitable LibTorch. */
export interface Misfit {
  reason: string;
  /** False if the folder contains no LibTorch at all. */
  exists: boolean;
  /** Such as "2.12.0+cpu", if known. */
  version?: string;
}

/** The shared libraries that each backend opens, dependencies first. */
const libraryNames: Record<Backend, readonly string[]> = {
  cpu: ["libc10.so", "libtorch_cpu.so"],
  cuda: ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so"],
};

/** Where LibTorch can be within a folder: at its top, or where an unpacked wheel or archive has it. */
const roots = ["", "torch", "libtorch"];

/** Such as "the CPU build of LibTorch 2.13 or the CUDA build of LibTorch 2.14". `builds` must not be empty. */
export function describeBuilds(builds: readonly LibTorchBuild[]): string {
  const kinds = (["cpu", "cuda"] as const).map((backend) => {
    const minors = [
      ...new Set(builds.filter((build) => build.backend === backend).map(({ minor }) => minor)),
    ];
    return minors.length > 0 ? `the ${backend.toUpperCase()} build of LibTorch ${minors.join(" or ")}` : "";
  });
  return kinds.filter((kind) => kind !== "").join(" or ");
}

/**
 * Inspects a folder laid out like a LibTorch archive or an installed `torch` package, or its parent folder. Loads
 * nothing.
 *
 * @returns the LibTorch if it meets the requirement, otherwise the reason why not.
 */
export function inspectLibTorch(folder: string, { builds, headers }: LibTorchRequirement): LibTorch | Misfit {
  if (!existsSync(folder)) return { reason: "the folder does not exist", exists: false };
  const directory = roots.map((root) => join(folder, root)).find((root) => existsSync(join(root, "lib")));
  const version = directory === undefined ? undefined : readVersion(directory);
  if (directory === undefined || version === undefined)
    return {
      reason: "not a LibTorch: lib/ or the version (version.py, build-version or headers) is missing",
      exists: false,
    };

  const misfit = (reason: string): Misfit => ({
    reason: `LibTorch ${version}: ${reason}`,
    exists: true,
    version,
  });
  const minor = /^\d+\.\d+/.exec(version)?.[0];
  if (minor === undefined) return misfit("its version cannot be read");
  const backend = readBackend(directory, version);
  if (builds.length === 0) return misfit("this package has no binary that could use it");
  if (backend === "rocm") return misfit(`a ROCm build; ${describeBuilds(builds)} is needed`);
  if (!builds.some((build) => build.backend === backend && build.minor === minor))
    return misfit(`${backend === "cuda" ? "a CUDA build; " : ""}${describeBuilds(builds)} is needed`);

  const libraries = libraryNames[backend].map((name) => join(directory, "lib", name));
  for (const library of libraries) {
    const defect = elfDefect(library);
    if (defect !== undefined) return misfit(defect);
  }
  const header = join(directory, "include", "torch", "csrc", "api", "include", "torch", "torch.h");
  if (headers === true && !existsSync(header)) return misfit(`its headers are missing: ${header}`);
  return { directory, version, minor, backend, libraries };
}

/** The full version, from the file that says most about the build; undefined if no file states it. */
function readVersion(directory: string): string | undefined {
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
