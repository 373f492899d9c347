import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { run } from "./run.mjs";
import { Stamp } from "./stamp.js";

const require = createRequire(import.meta.url);

/** Bundles lib/ into dist/ with tsup, unless dist/ is up to date. */
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
  rmSync(join(root, "dist"), { recursive: true, force: true });
  await run(process.execPath, [tsup, "--silent"], { cwd: root });
  stamp.write();
}
