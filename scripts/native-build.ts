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

/** What can be built: the addon, and programs for this checkout. */
export type NativeTarget =
  "addon" | "tests" | "pointer-tests" | "kernel-tests" | "device-tests" | "benchmark" | "fuzz";

/** A build that is not for use, but finds defects, or counts which lines run. */
export interface Variant {
  /** Its folder in `.build`. */
  name: string;
  /** Variables of CMakeLists.txt. */
  settings: Readonly<Record<string, string>>;
}

/** How to build. */
export interface NativeBuildOptions {
  /** Default: the addon. */
  targets?: readonly NativeTarget[];
  /** Default: the build for use. */
  variant?: Variant;
  /** The kinds of LibTorch to build against. Default: every supported CPU build. */
  builds?: readonly LibTorchBuild[];
  /** The full version that LibTorch must have, such as "2.13.0+cpu". Default: any version of these kinds. */
  version?: string;
  /** Whether to fetch the pinned LibTorch if none is found. Default: true. */
  fetch?: boolean;
  /** Default: true. */
  warningsAreErrors?: boolean;
}

/** What was built. */
export interface NativeBuild {
  /** The LibTorch that it was built against. */
  libtorch: LibTorch;
  /** The folder of the programs. */
  tree: string;
  /** The folder of the addon. */
  product: string;
}

/**
 * Builds against a LibTorch that is found or fetched. Does nothing if everything is up to date.
 */
export async function buildNative(root: string, options: NativeBuildOptions = {}): Promise<NativeBuild> {
  const { targets = ["addon"], variant, warningsAreErrors = true } = options;
  const libtorch = await obtainLibTorch(options);
  const tree = join(root, ".build", variant?.name ?? libtorch.backend);
  const product = variant === undefined ? join(root, "build", "Release") : join(tree, "Release");
  const program = (name: string, sources: string) => ({
    target: `reverse_distillation_${name}`,
    inputs: [sources],
    outputs: [join(tree, `reverse_distillation_${name}`)],
  });
  const described: Record<NativeTarget, { target: string; inputs: string[]; outputs: string[] }> = {
    addon: {
      target: "all",
      inputs: [],
      outputs: [
        join(product, "reverse_distillation.node"),
        join(product, `reverse_distillation-${libtorch.backend}-torch${libtorch.minor}.so`),
      ],
    },
    tests: program("tests", "test/native"),
    "pointer-tests": program("pointer_tests", "test/native"),
    "kernel-tests": program("cuda_tests", "test/native"),
    "device-tests": program("device_tests", "test/native"),
    benchmark: program("benchmark", "bench/native"),
    fuzz: program("fuzz", "test/fuzz/native"),
  };
  const steps = targets
    .map((name) => described[name])
    .map(({ target, inputs, outputs }) => ({
      target,
      stamp: new Stamp(
        join(tree, `${target}.stamp`),
        ["CMakeLists.txt", "package-lock.json", "native", ...inputs].map((path) => join(root, path)),
        {
          directory: libtorch.directory,
          version: libtorch.version,
          architecture: process.arch,
          gpus: process.env.CUDAARCHS,
          variant,
        },
        outputs,
      ),
    }))
    .filter(({ stamp }) => !stamp.isFresh);
  if (steps.length === 0) return { libtorch, tree, product };

  requireCMake();
  requireCompiler();
  // CMake reads the compiler from this variable when it first configures a tree.
  if (libtorch.backend === "cuda") process.env.CUDACXX = nvccFor(libtorch);
  const what = targets.includes("addon") ? "the native addon" : targets.join(", ");
  const how = variant === undefined ? "" : ` for ${variant.name}`;
  console.log(`Building ${what}${how} against LibTorch ${libtorch.version} (${libtorch.directory})`);
  const settings = {
    LIBTORCH: libtorch.directory,
    WARNINGS_AS_ERRORS: warningsAreErrors ? "ON" : "OFF",
    // OFF leaves the choice to CMakeLists.txt; without the option, the previous configuration's would stay.
    ...(libtorch.backend === "cuda" ? { CMAKE_CUDA_ARCHITECTURES: process.env.CUDAARCHS || "OFF" } : {}),
    ...variant?.settings,
  };
  await cmake(root, tree, [
    "configure",
    "--generator",
    generator(root, tree),
    ...Object.entries(settings).map(([name, value]) => `--CD${name}=${value}`),
  ]);
  for (const { target, stamp } of steps) {
    await cmake(root, tree, ["build", "--target", target, "--parallel", String(availableParallelism())]);
    stamp.write();
  }
  return { libtorch, tree, product };
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
