import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { messageOf } from "../../errors/message-of.js";
import { packageRoot } from "../binaries.js";
import { pinnedLibTorch } from "./pins.js";

/** npm leaves it out with `--omit=optional`, and on other systems. */
const notInstalled =
  "not installed; npm installs it with this package on Linux x64 with glibc, unless optional dependencies are left out";

/** The npm package that contains the pinned CPU build of LibTorch; the published package names it as optional. */
export const libtorchPackage = {
  name: "reverse-distillation-libtorch",
  /** LibTorch's own version: "2.13.0" for the build "2.13.0+cpu". */
  version: pinnedLibTorch.cpu.version.replace(/\+.*$/, ""),
} as const;

/**
 * The folder of the npm package with LibTorch, as Node.js resolves it from this package.
 *
 * @param from The folder to resolve it from. Default: this package's.
 * @returns the folder, or why there is none.
 */
export function libtorchFromNpm(
  from?: string,
): { directory: string; absent?: undefined } | { directory?: undefined; absent: string } {
  try {
    const resolver = createRequire(join(from ?? packageRoot(), "package.json"));
    return { directory: dirname(resolver.resolve(`${libtorchPackage.name}/package.json`)) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND") return { absent: notInstalled };
    return { absent: `cannot be resolved: ${messageOf(error)}` };
  }
}
