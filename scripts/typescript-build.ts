import { renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { run } from "./run.mjs";
import { Stamp } from "./stamp.js";

const require = createRequire(import.meta.url);

/** Bundles lib/ into dist/ with tsup, unless dist/ is up to date. If that fails, dist/ stays as it was. */
export async function buildTypeScript(root: string): Promise<void> {
  const inputs = ["lib", "scripts", "package.json", "package-lock.json", "tsconfig.json", "tsup.config.ts"];
  const entries = ["index", "preprocess"].flatMap((name) =>
    ["js", "cjs", "d.ts", "d.cts"].map((ending) => `${name}.${ending}`),
  );
  const outputs = [...entries, "cli.js", "rebuild.js"];
  const stamp = new Stamp(
    join(root, ".build", "typescript.stamp"),
    inputs.map((path) => join(root, path)),
    {},
    outputs.map((name) => join(root, "dist", name)),
  );
  if (stamp.isFresh) return;
  // Not on standard output, where `npm pack --json` writes its result.
  console.error("Building dist/");
  const tsup = join(dirname(require.resolve("tsup/package.json")), "dist", "cli-default.js");
  const [dist, unfinished] = ["dist", "dist.unfinished"].map((name) => join(root, name)) as [string, string];
  const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true });
  remove(unfinished);
  try {
    await run(process.execPath, [tsup, "--silent", "--out-dir", unfinished], { cwd: root });
    remove(dist);
    renameSync(unfinished, dist);
  } finally {
    remove(unfinished);
  }
  stamp.write();
}
