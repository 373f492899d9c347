/**
 * Names the npm package with LibTorch in package.json's `optionalDependencies` while the package is packed, and takes it
 * out again. In a checkout it would make `npm ci` depend on a package that may not be published yet, and download 117 MB
 * that the build does not use.
 *
 *   node --import tsx scripts/npm-dependency.ts remove
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { libtorchPackage } from "../lib/native/libtorch/npm-package.js";

/** Writes the dependency into the manifest of a folder; does nothing if it is there. */
export function addDependency(folder: string): void {
  change(folder, (manifest) => ({
    ...manifest,
    optionalDependencies: { [libtorchPackage.name]: libtorchPackage.version },
  }));
}

/** Takes it out; does nothing if it is not there. */
export function removeDependency(folder: string): void {
  change(folder, (manifest) => {
    const others = { ...manifest };
    delete others.optionalDependencies;
    return others;
  });
}

function change(folder: string, to: (manifest: Record<string, unknown>) => Record<string, unknown>): void {
  const path = join(folder, "package.json");
  const text = readFileSync(path, "utf8");
  const changed = `${JSON.stringify(to(JSON.parse(text) as Record<string, unknown>), null, 2)}\n`;
  if (changed !== text) writeFileSync(path, changed);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === "remove")
  removeDependency(fileURLToPath(new URL("..", import.meta.url)));
