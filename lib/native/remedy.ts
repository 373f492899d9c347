/** What to do if the addon or LibTorch is missing or incompatible: the advice that ends the error messages. */
import { describeBuilds, type LibTorchBuild } from "./libtorch/inspect.js";

/** Advice if no addon can be loaded. */
export const addonRemedy =
  "Run `npm rebuild reverse-distillation` to build the native addon (in a checkout of the repository: " +
  "`npm run setup`), or set REVERSE_DISTILLATION_ADDON to the folder of one that is already built.";

/** Advice if a bundler has included the package. */
export const bundlerRemedy = "Do not bundle this package: mark it as external.";

/**
 * Advice if there is no LibTorch for the addon.
 *
 * @param builds The kinds of LibTorch that the addon's binaries were built for.
 * @param misfits Whether an incompatible LibTorch was found.
 */
export function libtorchRemedy(builds: readonly LibTorchBuild[], misfits: boolean): string {
  const kind = builds.some(({ backend }) => backend === "cpu") ? "" : " --cuda";
  return (
    `Run \`npx reverse-distillation libtorch install${kind}\` to install one, ` +
    `or set LIBTORCH to the folder of ${describeBuilds(builds)} (such as the Python package torch)` +
    `${misfits ? ", or run `npm rebuild reverse-distillation` to build the addon for the LibTorch found" : ""}.`
  );
}
