/**
 * Runs before `npm pack` and `npm publish`: builds dist/, refuses binaries that are missing or out of date, and names
 * the package with LibTorch in package.json until `postpack`. With the variable CPU_ONLY=1, the implementation for CUDA
 * may be missing; with WITHOUT_LIBTORCH=1, which tests use, LibTorch is not named.
 */
import { fileURLToPath } from "node:url";
import { addDependency } from "./npm-dependency.js";
import { missingPrebuilds, prebuildsFolder, prebuildsStamp } from "./published.js";
import { buildTypeScript } from "./typescript-build.js";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** Throws if the binaries are missing or were built from other sources. */
function requirePrebuilds(): void {
  const missing = missingPrebuilds(root);
  const forCuda = missing.some((name) => name.includes("-cuda-"));
  if (missing.length > 0)
    throw new Error(
      `${prebuildsFolder(root)} lacks ${missing.join(" and ")}. Run \`npm run prebuild\`${forCuda ? " on a machine with nvcc, or set CPU_ONLY=1 to pack without the implementation for CUDA" : ""}.`,
    );
  if (!prebuildsStamp(root).isFresh)
    throw new Error(`${prebuildsFolder(root)} was built from other sources. Run \`npm run prebuild\` again.`);
}

try {
  requirePrebuilds();
  await buildTypeScript(root);
  if (process.env.WITHOUT_LIBTORCH !== "1") addDependency(root);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
