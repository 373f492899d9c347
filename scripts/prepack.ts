/** Before `npm pack` and `npm publish`: dist/ as the sources are, and no package without binaries. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pinnedLibTorch } from "../lib/native/libtorch-pins.js";
import { buildTypeScript } from "./typescript-build.js";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const folder = join(root, "prebuilds", "linux-x64");
const names = existsSync(folder) ? readdirSync(folder) : [];
const missing = [
  "reverse_distillation.glibc.node",
  `reverse_distillation-cpu-torch${pinnedLibTorch.cpu.minor}.so`,
].filter((name) => !names.includes(name));

try {
  if (missing.length > 0)
    throw new Error(`${folder} lacks ${missing.join(" and ")}: \`npm run prebuild\` makes them.`);
  await buildTypeScript(root);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
