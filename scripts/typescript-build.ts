import { renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { run } from "./run.mjs";
import { Stamp } from "./stamp.js";

const require = createRequire(import.meta.url);

/** Bundles the packages of the repository into their dist/, unless that is up to date. */
export async function buildTypeScript(root: string): Promise<void> {
  await buildPackage(root, packageBuild(root));
  await buildPackage(join(root, "service"), userBuild(root, "service", "page"));
  await buildPackage(join(root, "fleet"), userBuild(root, "fleet"));
}

/** Whether dist/ was bundled from the sources as they are now. */
export function packageIsFresh(root: string): boolean {
  return stampOf(root, packageBuild(root)).isFresh;
}

const shared = ["package-lock.json", "tsconfig.json"];

function packageBuild(root: string): Build {
  const entries = ["index", "preprocess"].flatMap((name) =>
    ["js", "cjs", "d.ts", "d.cts"].map((ending) => `${name}.${ending}`),
  );
  return {
    stamp: join(root, ".build", "typescript.stamp"),
    inputs: [...shared, "lib", "scripts", "package.json", "tsup.config.ts"].map((path) => join(root, path)),
    outputs: [...entries, "cli.js", "rebuild.js"],
  };
}

/** What a package that uses this one is built from. Its types refer to those of this one. */
function userBuild(root: string, name: string, page?: string): Build {
  const sources = ["lib", "package.json", "tsconfig.build.json", "tsup.config.ts"];
  return {
    stamp: join(root, ".build", `${name}.stamp`),
    inputs: [
      ...[...shared, join("dist", "index.d.ts")].map((path) => join(root, path)),
      ...[...sources, ...(page === undefined ? [] : [page])].map((path) => join(root, name, path)),
    ],
    outputs: ["index.js", "index.d.ts", ...(page === undefined ? [] : [`${page}/index.html`])],
    page,
  };
}

/** What a package is built from, and what becomes of it in dist/. */
interface Build {
  /** The file that says what was built last. */
  stamp: string;
  inputs: readonly string[];
  outputs: readonly string[];
  /** The folder of a page for browsers, which is built into a folder of the same name. */
  page?: string;
}

function stampOf(folder: string, { stamp, inputs, outputs }: Build): Stamp {
  return new Stamp(
    stamp,
    inputs,
    {},
    outputs.map((name) => join(folder, "dist", name)),
  );
}

/** Bundles a package with tsup, and its page with Vite. If that fails, dist/ stays as it was. */
async function buildPackage(folder: string, build: Build): Promise<void> {
  const [dist, unfinished] = ["dist", "dist.unfinished"].map((name) => join(folder, name)) as [
    string,
    string,
  ];
  const stamp = stampOf(folder, build);
  if (stamp.isFresh) return;
  // Not on standard output, where `npm pack --json` writes its result.
  console.error(`Building ${dist}`);
  const tsup = join(dirname(require.resolve("tsup/package.json")), "dist", "cli-default.js");
  const vite = join(dirname(require.resolve("vite/package.json")), "bin", "vite.js");
  const remove = (path: string): void => rmSync(path, { recursive: true, force: true });
  remove(unfinished);
  try {
    await run(process.execPath, [tsup, "--silent", "--out-dir", unfinished], { cwd: folder });
    if (build.page !== undefined) {
      const { page } = build;
      const [config, out] = [join(folder, page, "vite.config.ts"), join(unfinished, page)];
      await run(process.execPath, [vite, "build", "--config", config, "--outDir", out], { cwd: folder });
    }
    remove(dist);
    renameSync(unfinished, dist);
  } finally {
    remove(unfinished);
  }
  stamp.write();
}
