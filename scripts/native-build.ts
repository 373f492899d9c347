import { existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import type { LibTorch, LibTorchBuild } from "../lib/native/libtorch/inspect.js";
import { installLibTorch } from "../lib/native/libtorch/install.js";
import { buildable, describePassedOver, findLibTorch } from "../lib/native/libtorch/search.js";
import { libtorchRemedy } from "../lib/native/remedy.js";
import { run } from "./run.mjs";
import { Stamp } from "./stamp.js";
import { hasNinja, MissingTool, requireCMake, requireCompiler, requireNvcc } from "./tools.mjs";

const require = createRequire(import.meta.url);

/** What to build. */
export interface NativeBuildOptions {
  /** Whether to build the native tests too. Default: false. */
  tests?: boolean;
  /** Whether to build the benchmark of the operators too. Default: false. */
  bench?: boolean;
  /** The kinds of LibTorch to build against. Default: every supported CPU build. */
  builds?: readonly LibTorchBuild[];
  /** The full version that LibTorch must have, such as "2.13.0+cpu". Default: any version of these kinds. */
  version?: string;
  /** Whether to fetch the pinned LibTorch if none is found. Default: true. */
  fetch?: boolean;
}

/**
 * Builds the addon, and its tests if asked to, against a LibTorch that is found or fetched. Does nothing if everything
 * is up to date.
 *
 * @returns the LibTorch that the addon is built against.
 */
export async function buildNative(root: string, options: NativeBuildOptions = {}): Promise<LibTorch> {
  const { tests = false, bench = false } = options;
  const libtorch = await obtainLibTorch(options);
  const tree = join(root, ".build", libtorch.backend);
  const step = (target: string, inputs: string[], outputs: string[]) => ({
    target,
    stamp: new Stamp(
      join(tree, `${target}.stamp`),
      ["CMakeLists.txt", "package-lock.json", "native", ...inputs].map((path) => join(root, path)),
      {
        directory: libtorch.directory,
        version: libtorch.version,
        architecture: process.arch,
        gpus: process.env.CUDAARCHS,
      },
      outputs,
    ),
  });
  const product = join(root, "build", "Release");
  const steps = [
    step(
      "all",
      [],
      [
        join(product, "reverse_distillation.node"),
        join(product, `reverse_distillation-${libtorch.backend}-torch${libtorch.minor}.so`),
      ],
    ),
    ...(tests
      ? [
          step(
            "native_tests",
            ["test/native"],
            ["tests", "cuda_tests"].map((name) => join(tree, `reverse_distillation_${name}`)),
          ),
        ]
      : []),
    ...(bench
      ? [
          step(
            "reverse_distillation_benchmark",
            ["bench/native"],
            [join(tree, "reverse_distillation_benchmark")],
          ),
        ]
      : []),
  ].filter(({ stamp }) => !stamp.isFresh);
  if (steps.length === 0) return libtorch;

  requireCMake();
  requireCompiler();
  // CMake reads the compiler from this variable when it first configures a tree.
  if (libtorch.backend === "cuda") process.env.CUDACXX = nvccFor(libtorch);
  console.log(`Building the native addon against LibTorch ${libtorch.version} (${libtorch.directory})`);
  await cmake(root, tree, [
    "configure",
    "--generator",
    generator(root, tree),
    `--CDLIBTORCH=${libtorch.directory}`,
    // OFF leaves the choice to CMakeLists.txt; without the option, the previous configuration's would stay.
    ...(libtorch.backend === "cuda"
      ? [`--CDCMAKE_CUDA_ARCHITECTURES=${process.env.CUDAARCHS || "OFF"}`]
      : []),
  ]);
  for (const { target, stamp } of steps) {
    await cmake(root, tree, ["build", "--target", target, "--parallel", String(availableParallelism())]);
    stamp.write();
  }
  return libtorch;
}

/** The LibTorch to build against: the first that fits, or else the pinned one, fetched. */
async function obtainLibTorch({
  builds = buildable("cpu"),
  version,
  fetch = true,
}: NativeBuildOptions): Promise<LibTorch> {
  const refuse = ({ version: found }: LibTorch): string | undefined =>
    version === undefined || found === version ? undefined : `${version} is needed`;
  const { found, passedOver } = await findLibTorch({ builds, headers: true }, { refuse });
  if (found) return found;
  const lacking = `Found no LibTorch to build against:\n${describePassedOver(passedOver)}`;
  if (!fetch) throw new Error(`${lacking}\n${libtorchRemedy(builds, false)}`);
  console.log(lacking);
  const backend = builds.some((build) => build.backend === "cpu") ? "cpu" : "cuda";
  return await installLibTorch({ backend, report: (line) => console.log(line) });
}

/** CUDA's compiler. The error says which LibTorch needs it, since somebody may want the CPU only. */
function nvccFor({ version, directory }: LibTorch): string {
  try {
    return requireNvcc();
  } catch (error) {
    if (!(error instanceof MissingTool)) throw error;
    throw new MissingTool(`LibTorch ${version} (${directory}) is a build for CUDA, and ${error.message}`);
  }
}

function cmake(root: string, tree: string, options: string[]): Promise<void> {
  const program = join(dirname(require.resolve("cmake-js/package.json")), "bin", "cmake-js");
  return run(
    process.execPath,
    [program, ...options, "--directory", root, "--out", tree, "--log-level", "warn"],
    {
      cwd: root,
    },
  );
}

/**
 * The build tree's generator, which CMake refuses to change, or for a new tree Ninja if it is installed. The tree of a
 * checkout that was moved cannot be used, and is removed.
 */
function generator(root: string, tree: string): string {
  const cacheFile = join(tree, "CMakeCache.txt");
  if (existsSync(cacheFile)) {
    const cache = readFileSync(cacheFile, "utf8");
    const entry = (name: string): string | undefined =>
      new RegExp(`^${name}:INTERNAL=(.*)$`, "m").exec(cache)?.[1];
    const used = entry("CMAKE_GENERATOR");
    if (entry("CMAKE_HOME_DIRECTORY") === root && used !== undefined) return used;
    rmSync(tree, { recursive: true });
  }
  return hasNinja() ? "Ninja" : "Unix Makefiles";
}
