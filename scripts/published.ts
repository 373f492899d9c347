/** The binaries in the published package: `npm run prebuild` makes them and `npm pack` requires them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LibTorchBuild } from "../lib/native/libtorch/inspect.js";
import { pinnedLibTorch, type PinnedLibTorch } from "../lib/native/libtorch/pins.js";
import { Stamp } from "./stamp.js";

/** Whether CPU_ONLY=1 asks for a package without the implementation for CUDA. */
export const cpuOnly = process.env.CPU_ONLY === "1";

/** The builds of LibTorch that the package has implementations for. */
export const publishedBuilds: readonly PinnedLibTorch[] = cpuOnly
  ? [pinnedLibTorch.cpu]
  : [pinnedLibTorch.cpu, pinnedLibTorch.cuda];

/** The loader, under the name that prebuildify gives it. */
const loader = "reverse_distillation.glibc.node";

export function implementationName({ backend, minor }: LibTorchBuild): string {
  return `reverse_distillation-${backend}-torch${minor}.so`;
}

/** The folder of the published binaries. */
export function prebuildsFolder(root: string): string {
  return join(root, "prebuilds", "linux-x64");
}

/** Tells whether the binaries are up to date. */
export function prebuildsStamp(root: string): Stamp {
  const sources = ["CMakeLists.txt", "package-lock.json", "native"].map((path) => join(root, path));
  return new Stamp(join(root, ".build", "prebuilds.stamp"), sources, {}, [prebuildsFolder(root)]);
}

/** The published binaries that are missing. */
export function missingPrebuilds(root: string): string[] {
  const names = [loader, ...publishedBuilds.map(implementationName)];
  return names.filter((name) => !existsSync(join(prebuildsFolder(root), name)));
}
