import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { root } from "./programs.js";
import { Skipped } from "./stages.js";

/** What the packed package is asked to do, in a folder where nothing of the checkout is in reach but its packages. */
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
 * Unpacks a tarball of the package and scores one image with it, on the addon that is built here.
 *
 * @param tarball The path of one; undefined packs one now.
 * @returns what the package said. @throws Skipped where there is no tarball and no npm to pack one.
 */
export async function scoreFromPackage(
  device: string,
  tarball: string | undefined,
  timeout: number,
): Promise<string> {
  // Within the checkout, so that the package finds its dependencies in the node_modules above it.
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

function pack(folder: string): string {
  const { status, stdout } = spawnSync(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
    { cwd: root, encoding: "utf8" },
  );
  if (status !== 0) throw new Skipped("there is no npm to pack the package; --package names a tarball");
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(folder, filename);
}
