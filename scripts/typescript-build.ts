import { renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { run } from "./run.mjs";
import { Stamp } from "./stamp.js";

const require = createRequire(import.meta.url);

/** Bundles the packages of the repository into their dist/, unless that is up to date. */
export async function buildTypeScript(root: string): Promise<void> {
  const entries = ["index", "preprocess"].flatMap((name) =>
    ["js", "cjs", "d.ts", "d.cts"].map((ending) => `${name}.${ending}`),
  );
  const common = ["package-lock.json", "tsconfig.json"];
  await buildPackage(root, {
    stamp: join(root, ".build", "typescript.stamp"),
    inputs: [...common, "lib", "scripts", "package.json", "tsup.config.ts"].map((path) => join(root, path)),
    outputs: [...entries, "cli.js", "rebuild.js"],
  });
  // The service's types refer to those of the package.
  const service = join(root, "service");
  await buildPackage(service, {
    stamp: join(root, ".build", "service.stamp"),
    inputs: [
      ...[...common, join("dist", "index.d.ts")].map((path) => join(root, path)),
      ...["lib", "package.json", "tsconfig.build.json", "tsup.config.ts"].map((path) => join(service, path)),
    ],
    outputs: ["index.js", "index.d.ts"],
  });
}

/** What a package is built from, and what becomes of it in dist/. */
interface Build {
  /** The file that says what was built last. */
  stamp: string;
  inputs: readonly string[];
  outputs: readonly string[];
}

/** Bundles a package with tsup. If that fails, dist/ stays as it was. */
async function buildPackage(folder: string, { stamp: file, inputs, outputs }: Build): Promise<void> {
  const [dist, unfinished] = ["dist", "dist.unfinished"].map((name) => join(folder, name)) as [
    string,
    string,
  ];
  const stamp = new Stamp(
    file,
    inputs,
    {},
    outputs.map((name) => join(dist, name)),
  );
  if (stamp.isFresh) return;
  // Not on standard output, where `npm pack --json` writes its result.
  console.error(`Building ${dist}`);
  const tsup = join(dirname(require.resolve("tsup/package.json")), "dist", "cli-default.js");
  const remove = (path: string): void => rmSync(path, { recursive: true, force: true });
  remove(unfinished);
  try {
    await run(process.execPath, [tsup, "--silent", "--out-dir", unfinished], { cwd: folder });
    remove(dist);
    renameSync(unfinished, dist);
  } finally {
    remove(unfinished);
  }
  stamp.write();
}
