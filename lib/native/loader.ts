import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import nodeGypBuild from "node-gyp-build";
import { ReverseDistillationError } from "../errors.js";
import { fromNative, type Addon } from "./addon.js";
import { elfDefect } from "./elf.js";
import type { Backend } from "./libtorch-inspect.js";
import { describePassedOver, findLibTorch } from "./libtorch.js";
import { addonRemedy, libtorchRemedy } from "./remedy.js";

/** What `native/loader/loader.c` exports. */
interface NativeLoader {
  open(libraries: string[], implementation: string, expectedMinor: string): Addon;
  /**
   * Kept here and not in a variable, since the ESM and the CommonJS build of this package share this
   * object: an addon registers itself once an environment.
   */
  opened?: Addon;
}

/** A built addon; its file name carries what it was built against. */
interface Implementation {
  path: string;
  backend: Backend;
  minor: string;
}

/**
 * The native addon, opened at the first call. `REVERSE_DISTILLATION_ADDON` names the folder of its
 * binaries; without it they are looked for in this package, in `build/Release` and `prebuilds`.
 *
 * @throws ReverseDistillationError `ADDON_NOT_FOUND`, `LIBTORCH_NOT_FOUND` or `LIBTORCH_INCOMPATIBLE`,
 *   listing what was looked at and what to do.
 */
export function loadAddon(): Addon {
  const loaderFile = findLoader(process.env);
  const loader = openLoader(loaderFile);
  return (loader.opened ??= openImplementation(loader, dirname(loaderFile)));
}

function openImplementation(loader: NativeLoader, directory: string): Addon {
  const implementations = findImplementations(directory);
  const minors = [...new Set(implementations.map(({ minor }) => minor))];
  const { found, passedOver } = findLibTorch({ minors });
  const implementation = implementations.find(
    ({ backend, minor }) => backend === found?.backend && minor === found.minor,
  );
  if (found === undefined || implementation === undefined)
    throw new ReverseDistillationError(
      passedOver.some(({ exists }) => exists) ? "LIBTORCH_INCOMPATIBLE" : "LIBTORCH_NOT_FOUND",
      `No LibTorch fits the native addon, which was built against ${minors.join(" and ")}:\n` +
        `${describePassedOver(passedOver)}\n${libtorchRemedy(minors)}`,
    );

  const addon = open(loader, found.libraries, implementation);
  // LibTorch's statics are destroyed in process.exit(): work that is under way then would crash.
  process.on("exit", () => addon.shutdown());
  return addon;
}

function open(loader: NativeLoader, libraries: string[], { path, minor }: Implementation): Addon {
  const defect = elfDefect(path);
  if (defect !== undefined) throw new ReverseDistillationError("ADDON_NOT_FOUND", `${defect}. ${addonRemedy}`);
  try {
    return loader.open(libraries, path, minor);
  } catch (thrown) {
    const error = fromNative(thrown);
    const remedy = { LIBTORCH_INCOMPATIBLE: libtorchRemedy([minor]), ADDON_NOT_FOUND: addonRemedy };
    if (!(error.code in remedy)) throw error;
    const advice = remedy[error.code as keyof typeof remedy];
    throw new ReverseDistillationError(error.code, `${error.message}. ${advice}`, { cause: thrown });
  }
}

/** The `.node` file. */
function findLoader(env: NodeJS.ProcessEnv): string {
  if (env.REVERSE_DISTILLATION_ADDON) {
    const directory = resolve(env.REVERSE_DISTILLATION_ADDON);
    const path = join(directory, "reverse_distillation.node");
    if (existsSync(path)) return path;
    throw new ReverseDistillationError(
      "ADDON_NOT_FOUND",
      `The variable REVERSE_DISTILLATION_ADDON is ${directory}, which does not hold reverse_distillation.node. ${addonRemedy}`,
    );
  }
  const root = packageRoot();
  try {
    return nodeGypBuild.path(root);
  } catch (error) {
    throw new ReverseDistillationError("ADDON_NOT_FOUND", `No native addon is built in ${root}. ${addonRemedy}`, {
      cause: error,
    });
  }
}

function openLoader(path: string): NativeLoader {
  try {
    return createRequire(import.meta.url)(path) as NativeLoader;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ReverseDistillationError("ADDON_NOT_FOUND", `${path} does not load: ${message}. ${addonRemedy}`, {
      cause: error,
    });
  }
}

/** The addons beside the loader. */
function findImplementations(directory: string): Implementation[] {
  const implementations = readdirSync(directory).flatMap((name): Implementation[] => {
    const parts = /^reverse_distillation-(cpu|cuda)-torch(\d+\.\d+)\.so$/.exec(name);
    if (parts?.[1] === undefined || parts[2] === undefined) return [];
    return [{ path: join(directory, name), backend: parts[1] as Backend, minor: parts[2] }];
  });
  if (implementations.length > 0) return implementations;
  throw new ReverseDistillationError(
    "ADDON_NOT_FOUND",
    `${directory} holds the loader, but no reverse_distillation-<backend>-torch<version>.so. ${addonRemedy}`,
  );
}

/** The folder of this package, from wherever in it this file lies: `lib/native`, or bundled in `dist`. */
function packageRoot(): string {
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
