/**
 * Before `npm pack` and `npm publish`: dist/ as the sources are, and no package without its binaries or with
 * those of other sources. With the variable CPU_ONLY=1, the implementation for CUDA may be missing.
 */
import { fileURLToPath } from "node:url";
import { missingPrebuilds, prebuildsFolder, prebuildsStamp } from "./published.js";
import { buildTypeScript } from "./typescript-build.js";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** Refuses where what would be published is not what the sources make. */
function requirePrebuilds(): void {
  const missing = missingPrebuilds(root);
  const forCuda = missing.some((name) => name.includes("-cuda-"));
  if (missing.length > 0)
    throw new Error(
      `${prebuildsFolder(root)} lacks ${missing.join(" and ")}: \`npm run prebuild\` makes ${forCuda ? "that, where nvcc is; CPU_ONLY=1 packs without what is for CUDA" : "it"}.`,
    );
  if (!prebuildsStamp(root).isFresh)
    throw new Error(
      `${prebuildsFolder(root)} was made from other sources than these: \`npm run prebuild\` makes it anew.`,
    );
}

try {
  requirePrebuilds();
  await buildTypeScript(root);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
