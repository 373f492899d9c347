import { createRequire } from "node:module";
import { ReverseDistillationError } from "../errors/error.js";
import { type Addon } from "./addon.js";
import { findBinaries, type Binaries, type Implementation } from "./binaries.js";
import { elfDefect } from "./elf.js";
import { describeBuilds, type LibTorch, type LibTorchBuild } from "./libtorch/inspect.js";
import { describePassedOver, findLibTorch } from "./libtorch/search.js";
import { fromNative } from "./native-error.js";
import { addonRemedy, libtorchRemedy } from "./remedy.js";
import { markOpened } from "./settings.js";
import { tryOut } from "./trial.js";

/** What `native/loader/loader.c` exports. */
interface NativeLoader {
  open(libraries: string[], implementation: string, expectedMinor: string): Addon;
  /**
   * Kept here and not in a variable, since the ESM and the CommonJS build of this package share this
   * object: an addon registers itself once an environment.
   */
  opened?: Addon;
}

/**
 * The native addon, opened at the first call: the implementation that fits the first LibTorch found.
 * `configureNative` and the environment can say which.
 *
 * @throws ReverseDistillationError `ADDON_NOT_FOUND`, `LIBTORCH_NOT_FOUND` or `LIBTORCH_INCOMPATIBLE`,
 *   listing what was looked at and what to do.
 */
export function loadAddon(): Addon {
  const binaries = findBinaries();
  const loader = openLoader(binaries.loader);
  return (loader.opened ??= openImplementation(loader, binaries));
}

function openImplementation(loader: NativeLoader, binaries: Binaries): Addon {
  const { implementations } = binaries;
  const { found, passedOver } = findLibTorch({ builds: implementations }, { refuse: refusal(binaries) });
  if (found === undefined) {
    const misfits = passedOver.some(({ exists }) => exists);
    throw new ReverseDistillationError(
      misfits ? "LIBTORCH_INCOMPATIBLE" : "LIBTORCH_NOT_FOUND",
      `No LibTorch fits the native addon, which takes ${describeBuilds(implementations)}:\n` +
        `${describePassedOver(passedOver)}\n${libtorchRemedy(implementations, misfits)}`,
    );
  }
  const addon = open(loader, found, implementationFor(found, implementations));
  markOpened();
  // LibTorch's statics are destroyed in process.exit(): work that is under way then would crash.
  process.on("exit", () => addon.shutdown());
  return addon;
}

/** The first that was built for such a LibTorch, of which there must be one. */
export function implementationFor(libtorch: LibTorchBuild, implementations: Implementation[]): Implementation {
  return implementations.find(
    ({ backend, minor }) => backend === libtorch.backend && minor === libtorch.minor,
  )!;
}

/** Why a LibTorch that fits by its files is refused: the outcome of a trial. */
export function refusal({ loader, implementations }: Binaries): (libtorch: LibTorch) => string | undefined {
  return (libtorch) => {
    const implementation = implementationFor(libtorch, implementations);
    // Not LibTorch's fault, and told by opening it.
    if (elfDefect(implementation.path) !== undefined) return undefined;
    return tryOut({ loader, implementation, libtorch });
  };
}

function open(loader: NativeLoader, { libraries }: LibTorch, implementation: Implementation): Addon {
  const { path, minor } = implementation;
  const defect = elfDefect(path);
  if (defect !== undefined) throw new ReverseDistillationError("ADDON_NOT_FOUND", `${defect}. ${addonRemedy}`);
  try {
    return loader.open(libraries, path, minor);
  } catch (thrown) {
    const error = fromNative(thrown);
    const remedy = {
      LIBTORCH_INCOMPATIBLE: libtorchRemedy([implementation], true),
      ADDON_NOT_FOUND: addonRemedy,
    };
    if (!(error.code in remedy)) throw error;
    const advice = remedy[error.code as keyof typeof remedy];
    throw new ReverseDistillationError(error.code, `${error.message}. ${advice}`, { cause: thrown });
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
