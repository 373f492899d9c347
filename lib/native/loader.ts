import { createRequire } from "node:module";
import { ReverseDistillationError } from "../errors/error.js";
import { messageOf } from "../errors/message-of.js";
import { type Addon } from "./addon.js";
import { findBinaries, type Binaries, type Implementation } from "./binaries.js";
import { elfDefect } from "./elf.js";
import { noticeGpuBuild } from "./libtorch/gpu-notice.js";
import { describeBuilds, type LibTorch, type LibTorchBuild } from "./libtorch/inspect.js";
import { describePassedOver, findLibTorch } from "./libtorch/search.js";
import { fromNative } from "./native-error.js";
import { addonRemedy, bundlerRemedy, libtorchRemedy } from "./remedy.js";
import { fixSettings } from "./settings.js";
import { shortage, tryOut, type TrialOptions } from "./trial.js";

/** The exports of `native/loader/loader.c`. */
interface NativeLoader {
  /**
   * Opens libraries on another thread, so that `open` does not hold the event loop. Always resolves: `open` reports
   * failures. Loaders that were built before it existed lack it.
   */
  preload?(libraries: string[]): Promise<void>;
  open(libraries: string[], implementation: string, expectedMinor: string): Addon;
  /**
   * The addon, or the attempt to open it. It is kept on this object, which the package's ESM and CommonJS builds share,
   * because an addon can register only once per environment.
   */
  opened?: Promise<Addon>;
}

/**
 * Returns the native addon. The first call opens the first compatible LibTorch and the implementation built for it;
 * `configureNative` and environment variables can choose both. The search runs other programs, but does not block the
 * event loop.
 *
 * @throws ReverseDistillationError `ADDON_NOT_FOUND`, `LIBTORCH_NOT_FOUND` or `LIBTORCH_INCOMPATIBLE`. The message
 *   lists the places that were searched and says what to do. `OUT_OF_MEMORY` if a limit on memory is too low to open it.
 */
export async function loadAddon(): Promise<Addon> {
  const binaries = findBinaries();
  const loader = openLoader(binaries.loader);
  const opening = (loader.opened ??= openImplementation(loader, binaries));
  try {
    return await opening;
  } catch (error) {
    // The next call tries again: what was missing may be there then.
    if (loader.opened === opening) {
      loader.opened = undefined;
      fixSettings(false);
    }
    throw error;
  }
}

async function openImplementation(loader: NativeLoader, binaries: Binaries): Promise<Addon> {
  const { implementations } = binaries;
  fixSettings(true);
  const { found, passedOver } = await findLibTorch(
    { builds: implementations },
    { refuse: refusal(binaries) },
  );
  if (found === undefined) {
    const misfits = passedOver.some(({ exists }) => exists);
    throw new ReverseDistillationError(
      misfits ? "LIBTORCH_INCOMPATIBLE" : "LIBTORCH_NOT_FOUND",
      `No compatible LibTorch was found. The native addon needs ${describeBuilds(implementations)}. Searched:\n` +
        `${describePassedOver(passedOver)}\n${libtorchRemedy(implementations, misfits)}`,
    );
  }
  noticeGpuBuild(found, implementations);
  await loader.preload?.(found.libraries);
  const addon = open(loader, found, implementationFor(found, implementations));
  // process.exit() destroys LibTorch's statics, and running work would then crash.
  process.on("exit", () => addon.shutdown());
  return addon;
}

/** Returns the first implementation built for this kind of LibTorch; there must be one. */
export function implementationFor(
  libtorch: LibTorchBuild,
  implementations: Implementation[],
): Implementation {
  return implementations.find(
    ({ backend, minor }) => backend === libtorch.backend && minor === libtorch.minor,
  )!;
}

/** Returns a check for a LibTorch whose files look compatible: it opens it in a trial, and returns the reason if that fails. */
export function refusal(
  { loader, implementations }: Binaries,
  options: Pick<TrialOptions, "again"> = {},
): (libtorch: LibTorch) => Promise<string | undefined> {
  return async (libtorch) => {
    const implementation = implementationFor(libtorch, implementations);
    // This is not LibTorch's fault; open() reports it.
    if (elfDefect(implementation.path) !== undefined) return undefined;
    return tryOut({ loader, implementation, libtorch }, options);
  };
}

function open(loader: NativeLoader, { libraries }: LibTorch, implementation: Implementation): Addon {
  const { path, minor } = implementation;
  const defect = elfDefect(path);
  if (defect !== undefined)
    throw new ReverseDistillationError("ADDON_NOT_FOUND", `${defect}. ${addonRemedy}`);
  try {
    return loader.open(libraries, path, minor);
  } catch (thrown) {
    const error = fromNative(thrown);
    if (shortage.test(error.message)) {
      throw new ReverseDistillationError(
        "OUT_OF_MEMORY",
        `${error.message}. LibTorch itself needs about 1 GB of address space: raise the limit on memory (ulimit -v).`,
        { cause: thrown },
      );
    }
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
    // The file exists, so only the `require` that a bundler puts in the place of Node.js' own can fail to find it.
    const bundled = (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
    throw new ReverseDistillationError(
      "ADDON_NOT_FOUND",
      bundled
        ? `${path} is not part of the bundle. ${bundlerRemedy}`
        : `${path} could not be loaded: ${messageOf(error)}. ${addonRemedy}`,
      { cause: error },
    );
  }
}
