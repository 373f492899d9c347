import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import nodeGypBuild from "node-gyp-build";
import { ReverseDistillationError } from "../errors/error.js";
import { ioError } from "../files/io-error.js";
import type { Backend, LibTorchBuild } from "./libtorch/inspect.js";
import { addonRemedy, bundlerRemedy } from "./remedy.js";
import { nativeSettings } from "./settings.js";

/** A built addon. Its file name states the LibTorch that it was built against. */
export interface Implementation extends LibTorchBuild {
  path: string;
}

/** The native files that were found. */
export interface Binaries {
  /** The `.node` file, which opens an implementation. */
  loader: string;
  /** Never empty. If two are of the same kind, the first is used. */
  implementations: Implementation[];
}

/**
 * Finds the addon's files without opening them: in the folder set by `configureNative` or the variable
 * `REVERSE_DISTILLATION_ADDON`, or else in this package by node-gyp-build's rules. Binaries built on this machine
 * (`build/Release`) come before published ones (`prebuilds`).
 *
 * @throws ReverseDistillationError `ADDON_NOT_FOUND`.
 */
export function findBinaries(env: NodeJS.ProcessEnv = process.env): Binaries {
  const { addon, backend } = nativeSettings(env);
  const { loader, folders } =
    addon === undefined
      ? inPackage()
      : { loader: inFolder(addon.value, addon.source), folders: [addon.value] };
  const all = folders.flatMap(implementationsIn);
  const where = folders.join(" and ");
  if (all.length === 0)
    throw new ReverseDistillationError(
      "ADDON_NOT_FOUND",
      `${where} contains the loader but no reverse_distillation-<backend>-torch<version>.so. ${addonRemedy}`,
    );
  const implementations = all.filter((each) => backend === undefined || each.backend === backend.value);
  if (implementations.length === 0 && backend !== undefined)
    throw new ReverseDistillationError(
      "ADDON_NOT_FOUND",
      `${backend.source} is "${backend.value}", but ${where} contains no binary for that backend. ${addonRemedy}`,
    );
  return { loader, implementations };
}

function inFolder(folder: string, source: string): string {
  const loader = namesIn(folder).find((name) => /^reverse_distillation(\.\w+)*\.node$/.test(name));
  if (loader !== undefined) return join(folder, loader);
  throw new ReverseDistillationError(
    "ADDON_NOT_FOUND",
    `${source} is ${folder}, which does not contain reverse_distillation.node. ${addonRemedy}`,
  );
}

function inPackage(): { loader: string; folders: string[] } {
  const root = packageRoot();
  let loader: string;
  try {
    loader = nodeGypBuild.path(root);
  } catch (error) {
    throw new ReverseDistillationError(
      "ADDON_NOT_FOUND",
      `${root} contains no native addon for this platform (${process.platform}-${process.arch}). ${addonRemedy}`,
      { cause: error },
    );
  }
  const folder = dirname(loader);
  // node-gyp-build has a variable of its own that points elsewhere. It then replaces the folders of this package.
  if (relative(root, folder).startsWith("..")) return { loader, folders: [folder] };
  const others = [
    join(root, "build", "Release"),
    join(root, "prebuilds", `${process.platform}-${process.arch}`),
  ];
  return { loader, folders: [folder, ...others.filter((other) => other !== folder && existsSync(other))] };
}

function implementationsIn(folder: string): Implementation[] {
  return namesIn(folder).flatMap((name): Implementation[] => {
    const parts = /^reverse_distillation-(cpu|cuda)-torch(\d+\.\d+)\.so$/.exec(name);
    if (parts?.[1] === undefined || parts[2] === undefined) return [];
    return [{ path: join(folder, name), backend: parts[1] as Backend, minor: parts[2] }];
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The folder of this package. This file is in its `lib/native`, or bundled into its `dist`. */
export function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let directory = start; ; directory = dirname(directory)) {
    const manifest = join(directory, "package.json");
    if (existsSync(manifest)) {
      const { name } = JSON.parse(read(manifest)) as { name?: string };
      if (name === "reverse-distillation") return directory;
    }
    if (directory === dirname(directory))
      throw new ReverseDistillationError(
        "ADDON_NOT_FOUND",
        `${start} is not inside the package reverse-distillation, so the native addon cannot be found. ${bundlerRemedy}`,
      );
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw ioError(error, "Reading", path);
  }
}
