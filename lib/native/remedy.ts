/** What to do where the native part is missing or does not fit: said here for every error that needs it. */

/** Where there is no addon that can be loaded. */
export const addonRemedy =
  "In a checkout of this package, `npm run setup` builds the native addon; " +
  "REVERSE_DISTILLATION_ADDON names the folder of one that is built already.";

/** Where there is no LibTorch for the addons that are built, which want one of these minor versions. */
export function libtorchRemedy(minors: readonly string[]): string {
  return (
    `Set LIBTORCH to the folder of a CPU build of LibTorch ${minors.join(" or ")} (such as the Python package torch), ` +
    "or run `npm run setup` in a checkout of this package, which fetches one and builds the addon for it."
  );
}
