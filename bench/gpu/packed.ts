import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { root } from "../programs.js";

/** The script that uses the packed package. Of the checkout, it can only reach the installed packages. */
const scoreOne = `
import { train } from "reverse-distillation";
const image = () => ({ data: crypto.getRandomValues(new Uint8Array(64 * 64 * 3)), width: 64, height: 64, channels: 3 });
const detector = await train([image(), image()], { imageSize: 64, epochs: 1, device: process.argv[2] });
const { score } = await detector.score(image());
await detector.dispose();
if (!Number.isFinite(score)) throw new Error("the score is " + score);
console.log("a score of " + score.toFixed(4) + " on " + detector.config.device);
`;

/**
 * Unpacks a tarball of the package and scores one image with it, using the addon of this checkout.
 *
 * @param tarball Path of the tarball; if it is undefined, a new one is packed.
 * @returns the output of the script. @throws Error if packing, unpacking or scoring fails.
 */
export async function scoreFromPackage(
  device: string,
  tarball: string | undefined,
  timeout: number,
): Promise<string> {
  // Inside the checkout, so that the package finds its dependencies in the node_modules above it.
  await mkdir(join(root, ".build"), { recursive: true });
  const folder = await mkdtemp(join(root, ".build", "packed-"));
  try {
    const archive = tarball === undefined ? pack(folder) : resolve(tarball);
    const unpacked = join(folder, "node_modules", "reverse-distillation");
    await mkdir(unpacked, { recursive: true });
    execFileSync("tar", ["-xzf", archive, "-C", unpacked, "--strip-components=1"]);
    const script = join(folder, "score.mjs");
    await writeFile(script, scoreOne);
    return execFileSync(process.execPath, ["--no-warnings", script, device], {
      cwd: folder,
      encoding: "utf8",
      timeout,
      env: { ...process.env, REVERSE_DISTILLATION_ADDON: join(root, "build", "Release") },
    }).trim();
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Packs with pnpm, which is a dev dependency, because a machine with a GPU may have no npm. */
function pack(folder: string): string {
  const pnpm = join(root, "node_modules", "pnpm", "bin", "pnpm.cjs");
  const options = ["--json", "--config.ignore-scripts=true", "--pack-destination", folder];
  const output = execFileSync(process.execPath, [pnpm, "pack", ...options], { cwd: root, encoding: "utf8" });
  const { filename } = JSON.parse(output) as { filename: string };
  return resolve(folder, filename);
}
