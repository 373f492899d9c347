import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { elfDefect } from "../elf.js";

/** What a LibTorch computes on: "cuda" builds compute on the CPU as well. */
export type Backend = "cpu" | "cuda";

/** A kind of LibTorch, as an implementation of the addon wants it. */
export interface LibTorchBuild {
  backend: Backend;
  /** Such as "2.13": LibTorch keeps its binary interface within a minor version only. */
  minor: string;
}

/** A LibTorch that fits what was asked for. */
export interface LibTorch extends LibTorchBuild {
  /** The folder that holds `lib/` and, for builds, `include/`. */
  directory: string;
  /** Such as "2.13.0+cpu". */
  version: string;
  /** Its shared libraries by absolute path, in the order in which they are opened. */
  libraries: string[];
}

/** What a LibTorch is wanted for. */
export interface LibTorchRequirement {
  /** The kinds that fit. */
  builds: readonly LibTorchBuild[];
  /** Whether to build against it, which takes its headers as well. Default: false. */
  headers?: boolean;
}

/** Why a folder's LibTorch does not fit. */
export interface Misfit {
  reason: string;
  /** False where the folder holds no LibTorch at all. */
  exists: boolean;
  /** Such as "2.12.0+cpu", where it is known. */
  version?: string;
}

/** The shared libraries that each backend opens, in order of dependence. */
const libraryNames: Record<Backend, readonly string[]> = {
  cpu: ["libc10.so", "libtorch_cpu.so"],
  cuda: ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so"],
};

/** Where in a folder a LibTorch lies: there itself, as in a wheel that was unpacked, or as in an archive. */
const roots = ["", "torch", "libtorch"];

/** Such as "the CPU build of LibTorch 2.13 or the CUDA build of LibTorch 2.14". */
export function describeBuilds(builds: readonly LibTorchBuild[]): string {
  if (builds.length === 0) return "a binary of this package, of which there is none,";
  const kinds = (["cpu", "cuda"] as const).map((backend) => {
    const minors = [...new Set(builds.filter((build) => build.backend === backend).map(({ minor }) => minor))];
    return minors.length > 0 ? `the ${backend.toUpperCase()} build of LibTorch ${minors.join(" or ")}` : "";
  });
  return kinds.filter((kind) => kind !== "").join(" or ");
}

/**
 * Looks at a folder laid out like a LibTorch archive or an installed `torch` package, or at the one in
 * which such a folder lies, loading nothing.
 *
 * @returns the LibTorch if it fits, otherwise why not.
 */
export function inspectLibTorch(folder: string, { builds, headers }: LibTorchRequirement): LibTorch | Misfit {
  if (!existsSync(folder)) return { reason: "the folder does not exist", exists: false };
  const directory = roots.map((root) => join(folder, root)).find((root) => existsSync(join(root, "lib")));
  const version = directory === undefined ? undefined : readVersion(directory);
  if (directory === undefined || version === undefined)
    return { reason: "no LibTorch: lib/ or a version (version.py, build-version, headers) is missing", exists: false };

  const misfit = (reason: string): Misfit => ({ reason: `LibTorch ${version}: ${reason}`, exists: true, version });
  const minor = /^\d+\.\d+/.exec(version)?.[0];
  if (minor === undefined) return misfit("its version cannot be read");
  const backend = readBackend(directory, version);
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

/** The full version, by the file that says most about the build; undefined where nothing says it. */
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
