import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ReverseDistillationError } from "../../errors/error.js";
import { cacheDirectoryIfAny, noCache } from "../../files/cache.js";
import { distrustOf } from "../../files/trust.js";
import { nvidiaDriver, runsCuda, type NvidiaDriver } from "../nvidia.js";
import { nativeSettings, type Setting } from "../settings.js";
import {
  describeBuilds,
  inspectLibTorch,
  type Backend,
  type LibTorch,
  type LibTorchBuild,
  type LibTorchRequirement,
} from "./inspect.js";
import { libtorchFromNpm, libtorchPackage } from "./npm-package.js";

/**
 * Where LibTorch was searched for: the folder set by {@link configureNative} or the variable LIBTORCH, the npm package
 * that comes with this one, this package's cache, or Python's `torch` package.
 */
export type LibTorchOrigin = "chosen" | "package" | "cache" | "python";

/** The minor versions of LibTorch that the native addon can be built against. */
export const buildableMinors: readonly string[] = ["2.11", "2.12", "2.13", "2.14"];

/** The kinds of LibTorch that the native addon can be built against. */
export function buildable(backend: Backend): LibTorchBuild[] {
  return buildableMinors.map((minor) => ({ backend, minor }));
}

/** A place that was searched and contains no suitable LibTorch. */
export interface PassedOver {
  origin: LibTorchOrigin;
  /** The folder, or what was searched if there is no folder. */
  place: string;
  reason: string;
  /** Whether there is a LibTorch, but it is damaged or of an unsupported version or build. */
  exists: boolean;
  /** Such as "2.12.0+cpu", if known. */
  version?: string;
}

/** A suitable LibTorch and where it was found. */
export type FoundLibTorch = LibTorch & { origin: LibTorchOrigin };

/** The result of {@link findLibTorch}. */
export interface LibTorchSearch {
  /** The first suitable LibTorch; undefined if there is none. */
  found?: FoundLibTorch;
  /** The places searched before it, in order. */
  passedOver: PassedOver[];
}

/** Options of the search. */
export interface SearchOptions {
  /** Environment variables. Default: the process's. */
  env?: NodeJS.ProcessEnv;
  /** Called for each LibTorch whose files are suitable. Returns why it must not be used, if there is a reason. */
  refuse?: (libtorch: LibTorch) => string | undefined | Promise<string | undefined>;
  /** The folder that the npm package with LibTorch is resolved from. Default: this package's. */
  packageFolder?: string;
  /** NVIDIA's driver. Default: the machine's. */
  driver?: NvidiaDriver;
}

/**
 * Finds a suitable LibTorch without loading any. Searches the folder set by {@link configureNative} or the variable
 * LIBTORCH, then the npm package with LibTorch, then this package's cache, then the `torch` package of the `python3` or
 * `python` on the PATH. CUDA builds in the cache come before the npm package if there is a driver that runs them.
 *
 * @throws ReverseDistillationError if the user chose a folder and it is unsuitable, since nothing else may be used
 *   instead: `LIBTORCH_NOT_FOUND` (no LibTorch there) or `LIBTORCH_INCOMPATIBLE`.
 */
export async function findLibTorch(
  requirement: LibTorchRequirement,
  options: SearchOptions = {},
): Promise<LibTorchSearch> {
  const passedOver: PassedOver[] = [];
  for await (const looked of lookForLibTorch(requirement, options)) {
    if ("libraries" in looked) return { found: looked, passedOver };
    const { libtorch } = nativeSettings(options.env);
    if (looked.origin === "chosen" && libtorch !== undefined)
      throw misfitOfChosen(libtorch, looked, requirement);
    passedOver.push(looked);
  }
  return { passedOver };
}

/** Yields every place that {@link findLibTorch} searches, in order, with what was found there. */
export async function* lookForLibTorch(
  requirement: LibTorchRequirement,
  options: SearchOptions = {},
): AsyncGenerator<FoundLibTorch | PassedOver> {
  const { refuse = () => undefined } = options;
  for await (const { origin, place, directory, absent } of candidates(options)) {
    if (directory === undefined) {
      yield { origin, place, reason: absent, exists: false };
      continue;
    }
    const distrust = origin === "cache" ? distrustOfCached(directory) : undefined;
    if (distrust !== undefined) {
      yield { origin, place: directory, reason: distrust, exists: true };
      continue;
    }
    const result = inspectLibTorch(directory, requirement);
    const reason = "reason" in result ? undefined : await refuse(result);
    if ("reason" in result) yield { origin, place: directory, ...result };
    else if (reason === undefined) yield { ...result, origin };
    else {
      const { version } = result;
      yield { origin, place: directory, reason: `LibTorch ${version}: ${reason}`, exists: true, version };
    }
  }
}

/** Looks at a cached LibTorch, its libraries' folder, and the two folders of the cache around it. */
function distrustOfCached(directory: string): string | undefined {
  const folders = [dirname(dirname(directory)), dirname(directory), directory, join(directory, "lib")];
  return folders.map(distrustOf).find((reason) => reason !== undefined);
}

function misfitOfChosen(
  { value, source }: Setting,
  { reason, exists }: PassedOver,
  { builds }: LibTorchRequirement,
): ReverseDistillationError {
  return new ReverseDistillationError(
    exists ? "LIBTORCH_INCOMPATIBLE" : "LIBTORCH_NOT_FOUND",
    `${source} is ${value}, which cannot be used: ${reason}. ` +
      `Set it to the folder of ${describeBuilds(builds)}, or leave it unset.`,
  );
}

/** Lists the places and their reasons, one per line. */
export function describePassedOver(passedOver: readonly PassedOver[]): string {
  return passedOver.map(({ origin, place, reason }) => `  ${origin}: ${place}: ${reason}`).join("\n");
}

type Candidate = { origin: LibTorchOrigin; place: string } & Place;

/** A folder to inspect, or why there is none. */
type Place = { directory: string; absent?: undefined } | { directory?: undefined; absent: string };

/** Yields lazily, because asking Python is the slowest step. */
async function* candidates({
  env = process.env,
  packageFolder,
  driver = nvidiaDriver(),
}: SearchOptions): AsyncGenerator<Candidate> {
  const chosen = nativeSettings(env).libtorch?.value;
  if (chosen !== undefined) yield { origin: "chosen", place: chosen, directory: chosen };
  const home = cacheDirectoryIfAny(env);
  const cache = home === undefined ? "this package's cache" : join(home, "libtorch");
  const versions = home === undefined ? [] : cachedVersions(cache);
  const cached = (version: string): Candidate => {
    const directory = join(cache, version);
    return { origin: "cache", place: directory, directory };
  };
  // Somebody has installed it for the GPU of this machine. The npm package, which computes on the CPU, must not hide it.
  const forGpu = versions.filter((version) => cudaBuild.test(version) && runsCuda(driver));
  yield* forGpu.map(cached);
  const fromNpm = libtorchFromNpm(packageFolder);
  yield { origin: "package", place: fromNpm.directory ?? libtorchPackage.name, ...fromNpm };
  if (versions.length === 0)
    yield { origin: "cache", place: cache, absent: home === undefined ? noCache : "empty" };
  yield* versions.filter((version) => !forGpu.includes(version)).map(cached);
  for (const python of ["python3", "python"])
    yield { origin: "python", place: `${python} on the PATH`, ...(await torchOfPython(python, env)) };
}

/** Matches the full version of a build for CUDA, such as "2.14.1+cu130". */
const cudaBuild = /\+cu\d/;

/**
 * Names of the cached builds, newest first. Without an NVIDIA driver, CUDA builds come last. Names that start with a
 * dot are unfinished and are left out.
 */
export function cachedVersions(cache: string): string[] {
  const last = nvidiaDriver() === undefined ? cudaBuild : /^$/;
  try {
    return readdirSync(cache)
      .filter((name) => !name.startsWith("."))
      .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
      .sort((a, b) => Number(last.test(a)) - Number(last.test(b)));
  } catch {
    return [];
  }
}

/**
 * Python code that prints the folder of the package `torch` without importing it, which would take seconds. It does
 * not search the working folder, where a folder that happens to be called `torch` is not PyTorch.
 */
const locateTorch = `
import importlib.util, os, sys
sys.path[:] = [entry for entry in sys.path if entry]
spec = importlib.util.find_spec("torch")
print(os.path.dirname(spec.origin) if spec and spec.origin else "")
`;

async function torchOfPython(python: string, env: NodeJS.ProcessEnv): Promise<Place> {
  try {
    const { stdout } = await promisify(execFile)(python, ["-c", locateTorch], { env, timeout: 30_000 });
    const directory = stdout.trim();
    return directory === "" ? { absent: "the package torch is not installed" } : { directory };
  } catch (error) {
    const { code, signal } = error as { code?: string | number; signal?: string };
    if (code === "ENOENT") return { absent: "not found" };
    const how = typeof code === "number" ? `exit code ${code}` : (code ?? signal);
    return { absent: `failed to run (${how})` };
  }
}
