import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import nodeGypBuild from "node-gyp-build";
import { ReverseDistillationError } from "../errors/error.js";
import type { Backend, LibTorchBuild } from "./libtorch/inspect.js";
import { addonRemedy } from "./remedy.js";
import { nativeSettings } from "./settings.js";

/** A built addon; its file name carries what it was built against. */
export interface Implementation extends LibTorchBuild {
  path: string;
}

/** The native files to choose from. */
export interface Binaries {
  /** The `.node` file, which opens the others. */
  loader: string;
  /** Not empty; where there are two of one kind, the first is meant. */
  implementations: Implementation[];
}

/**
 * Finds the addon's files, opening none: in the folder that `configureNative` or the variable
 * `REVERSE_DISTILLATION_ADDON` names, or else in this package by node-gyp-build's rules, what was built
 * on this machine (`build/Release`) before what was published (`prebuilds`).
 *
 * @throws ReverseDistillationError `ADDON_NOT_FOUND`.
 */
export function findBinaries(env: NodeJS.ProcessEnv = process.env): Binaries {
  const { addon, backend } = nativeSettings(env);
  const { loader, folders } =
    addon === undefined ? inPackage() : { loader: inFolder(addon.value, addon.said), folders: [addon.value] };
  const all = folders.flatMap(implementationsIn);
  const where = folders.join(" and ");
  if (all.length === 0)
    throw new ReverseDistillationError(
      "ADDON_NOT_FOUND",
      `${where} holds the loader, but no reverse_distillation-<backend>-torch<version>.so. ${addonRemedy}`,
    );
  const implementations = all.filter((each) => backend === undefined || each.backend === backend.value);
  if (implementations.length === 0 && backend !== undefined)
    throw new ReverseDistillationError(
      "ADDON_NOT_FOUND",
      `${backend.said} is "${backend.value}", and ${where} holds no implementation of that kind. ${addonRemedy}`,
    );
  return { loader, implementations };
}

function inFolder(folder: string, said: string): string {
  const loader = namesIn(folder).find((name) => /^reverse_distillation(\.\w+)*\.node$/.test(name));
  if (loader !== undefined) return join(folder, loader);
  throw new ReverseDistillationError(
    "ADDON_NOT_FOUND",
    `${said} is ${folder}, which does not hold reverse_distillation.node. ${addonRemedy}`,
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
      `${root} holds no native addon for this platform (${process.platform}-${process.arch}). ${addonRemedy}`,
      { cause: error },
    );
  }
  const folder = dirname(loader);
  // node-gyp-build can be told of another place by a variable of its own; what lies here is then not meant.
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

/** The folder of this package, from wherever in it this file lies: `lib/native`, or bundled in `dist`. */
export function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let directory = start; ; directory = dirname(directory)) {
    const manifest = join(directory, "package.json");
    if (existsSync(manifest)) {
      const { name } = JSON.parse(readFileSync(manifest, "utf8")) as { name?: string };
      if (name === "reverse-distillation") return directory;
    }
    if (directory === dirname(directory))
      throw new ReverseDistillationError(
        "ADDON_NOT_FOUND",
        `${start} is not within the package reverse-distillation, so its native addon cannot be found: ` +
          "leave the package out of bundles (mark it as external).",
      );
  }
}
