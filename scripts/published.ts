/** What the published package holds: what `npm run prebuild` makes and `npm pack` insists on. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LibTorchBuild } from "../lib/native/libtorch/inspect.js";
import { pinnedLibTorch, type PinnedLibTorch } from "../lib/native/libtorch/pins.js";
import { Stamp } from "./stamp.js";

/** Set to 1, it makes and packs a package without the CUDA implementation. */
export const cpuOnly = process.env.CPU_ONLY === "1";

/** The builds of LibTorch that the package holds implementations for. */
export const publishedBuilds: readonly PinnedLibTorch[] = cpuOnly
  ? [pinnedLibTorch.cpu]
  : [pinnedLibTorch.cpu, pinnedLibTorch.cuda];

/** The loader, by the name that prebuildify gives it. */
const loader = "reverse_distillation.glibc.node";

export function implementationName({ backend, minor }: LibTorchBuild): string {
  return `reverse_distillation-${backend}-torch${minor}.so`;
}

/** The folder of the published binaries. */
export function prebuildsFolder(root: string): string {
  return join(root, "prebuilds", "linux-x64");
}

/** Tells whether the binaries are made from the sources as they are. */
export function prebuildsStamp(root: string): Stamp {
  const sources = ["CMakeLists.txt", "package-lock.json", "native"].map((path) => join(root, path));
  return new Stamp(join(root, ".build", "prebuilds.stamp"), sources, {}, [prebuildsFolder(root)]);
}

/** The published binaries that are not there. */
export function missingPrebuilds(root: string): string[] {
  const names = [loader, ...publishedBuilds.map(implementationName)];
  return names.filter((name) => !existsSync(join(prebuildsFolder(root), name)));
}
