/** What to do where the native part is missing or does not fit: said here for every error that needs it. */
import { describeBuilds, type LibTorchBuild } from "./libtorch/inspect.js";

/** Where there is no addon that can be loaded. */
export const addonRemedy =
  "`npm rebuild reverse-distillation` builds the native addon (in a checkout of it: `npm run setup`); " +
  "REVERSE_DISTILLATION_ADDON names the folder of one that is built already.";

/**
 * Where there is no LibTorch for the addons at hand, which want one of these kinds.
 *
 * @param misfits Whether there is one of another kind.
 */
export function libtorchRemedy(builds: readonly LibTorchBuild[], misfits: boolean): string {
  const kind = builds.some(({ backend }) => backend === "cpu") ? "" : " --cuda";
  return (
    `\`npx reverse-distillation libtorch install${kind}\` fetches one; ` +
    `or set LIBTORCH to the folder of ${describeBuilds(builds)} (such as the Python package torch)` +
    `${misfits ? "; or `npm rebuild reverse-distillation` builds the addon for the one that is there" : ""}.`
  );
}
