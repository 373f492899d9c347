/**
 * Makes the npm package with LibTorch from the pinned wheel, which pip downloads unless it is there, and prints the
 * tarball's path. Does nothing if that is up to date.
 *
 *   npm run pack:libtorch
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "../lib/files/checksum.js";
import { fetchWheels } from "../lib/native/libtorch/fetch.js";
import { pinnedLibTorch } from "../lib/native/libtorch/pins.js";
import { packLibTorch, tarballName } from "./libtorch-package/pack.js";
import { Stamp } from "./stamp.js";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const folder = join(root, ".build", "libtorch-package");

try {
  const { author, homepage, repository, bugs } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  ) as Record<string, unknown>;
  const shared = { author, homepage, repository, bugs };
  const sources = ["scripts/libtorch-package", "lib/native/libtorch/pins.ts"];
  const stamp = new Stamp(
    join(root, ".build", "libtorch-package.stamp"),
    sources.map((path) => join(root, path)),
    { shared, zlib: process.versions.zlib },
    [join(folder, tarballName)],
  );
  if (!stamp.isFresh) {
    // Progress does not belong to the result on the standard output.
    const report = (line: string): void => console.error(line);
    const [wheel] = await fetchWheels(pinnedLibTorch.cpu, join(folder, "wheels"), {
      env: process.env,
      report,
    });
    report(`Packing ${tarballName}`);
    await packLibTorch(wheel!, folder, { shared });
    stamp.write();
  }
  const path = join(folder, tarballName);
  console.error(`${(statSync(path).size / 1e6).toFixed(1)} MB, SHA-256 ${await sha256(path)}`);
  console.log(path);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
