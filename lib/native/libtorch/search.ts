import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ReverseDistillationError } from "../../errors/error.js";
import { libtorchCacheDirectory } from "../../files/cache.js";
import { nvidiaDriver } from "../nvidia.js";
import { nativeSettings, type Setting } from "../settings.js";
import {
  describeBuilds,
  inspectLibTorch,
  type Backend,
  type LibTorch,
  type LibTorchBuild,
  type LibTorchRequirement,
} from "./inspect.js";

/**
 * Where a LibTorch was looked for: what {@link configureNative} or the variable LIBTORCH names, this
 * package's cache, Python's `torch`.
 */
export type LibTorchOrigin = "chosen" | "cache" | "python";

/** The minor versions of LibTorch that the native addon can be built against. */
export const buildableMinors: readonly string[] = ["2.11", "2.12", "2.13", "2.14"];

/** The kinds of LibTorch that the native addon can be built against. */
export function buildable(backend: Backend): LibTorchBuild[] {
  return buildableMinors.map((minor) => ({ backend, minor }));
}

/** A place that was looked at and does not do. */
export interface PassedOver {
  origin: LibTorchOrigin;
  /** The folder or, where there is none, what was asked. */
  place: string;
  reason: string;
  /** Whether there is a LibTorch, of another version or build, or damaged. */
  exists: boolean;
  /** Such as "2.12.0+cpu", where it is known. */
  version?: string;
}

/** A LibTorch that fits, and where it was found. */
export type FoundLibTorch = LibTorch & { origin: LibTorchOrigin };

/** Outcome of {@link findLibTorch}. */
export interface LibTorchSearch {
  /** The first LibTorch that fits; undefined where none does. */
  found?: FoundLibTorch;
  /** What came before it and does not fit, in the order of the search. */
  passedOver: PassedOver[];
}

/** How a search goes. */
export interface SearchOptions {
  /** Default: the process's. */
  env?: NodeJS.ProcessEnv;
  /** Asked about each LibTorch that fits by its files: why it is refused all the same. Default: never. */
  refuse?: (libtorch: LibTorch) => string | undefined;
}

/**
 * Finds a LibTorch that fits, loading none: the folder that {@link configureNative} or the variable
 * LIBTORCH names, then this package's cache, then the `torch` package of the `python3` or `python` on
 * the PATH.
 *
 * @throws ReverseDistillationError where one is named and does not fit, since whoever named it means
 *   that one: `LIBTORCH_NOT_FOUND` (nothing there) or `LIBTORCH_INCOMPATIBLE`.
 */
export function findLibTorch(requirement: LibTorchRequirement, options: SearchOptions = {}): LibTorchSearch {
  const passedOver: PassedOver[] = [];
  for (const looked of lookForLibTorch(requirement, options)) {
    if ("libraries" in looked) return { found: looked, passedOver };
    const { libtorch } = nativeSettings(options.env);
    if (looked.origin === "chosen" && libtorch !== undefined) throw misfitOfChosen(libtorch, looked, requirement);
    passedOver.push(looked);
  }
  return { passedOver };
}

/** Every place that {@link findLibTorch} would look at, one after the other, with what is there. */
export function* lookForLibTorch(
  requirement: LibTorchRequirement,
  { env = process.env, refuse = () => undefined }: SearchOptions = {},
): Generator<FoundLibTorch | PassedOver> {
  for (const { origin, place, directory, absent } of candidates(env)) {
    if (directory === undefined) {
      yield { origin, place, reason: absent, exists: false };
      continue;
    }
    const result = inspectLibTorch(directory, requirement);
    const reason = "reason" in result ? undefined : refuse(result);
    if ("reason" in result) yield { origin, place: directory, ...result };
    else if (reason === undefined) yield { ...result, origin };
    else {
      const { version } = result;
      yield { origin, place: directory, reason: `LibTorch ${version}: ${reason}`, exists: true, version };
    }
  }
}

function misfitOfChosen(
  { value, said }: Setting,
  { reason, exists }: PassedOver,
  { builds }: LibTorchRequirement,
): ReverseDistillationError {
  return new ReverseDistillationError(
    exists ? "LIBTORCH_INCOMPATIBLE" : "LIBTORCH_NOT_FOUND",
    `${said} is ${value}, which does not fit: ${reason}. ` +
      `Set it to the folder of ${describeBuilds(builds)}, or leave it out.`,
  );
}

/** One line for each place that does not do. */
export function describePassedOver(passedOver: readonly PassedOver[]): string {
  return passedOver.map(({ origin, place, reason }) => `  ${origin}: ${place}: ${reason}`).join("\n");
}

type Candidate = { origin: LibTorchOrigin; place: string } & Place;

/** A folder to look at, or why there is none. */
type Place = { directory: string; absent?: undefined } | { directory?: undefined; absent: string };

/** Lazily, since asking Python takes longer than everything else. */
function* candidates(env: NodeJS.ProcessEnv): Generator<Candidate> {
  const chosen = nativeSettings(env).libtorch?.value;
  if (chosen !== undefined) yield { origin: "chosen", place: chosen, directory: chosen };
  const cache = libtorchCacheDirectory(env);
  const versions = cachedVersions(cache);
  if (versions.length === 0) yield { origin: "cache", place: cache, absent: "empty" };
  for (const version of versions) {
    const directory = join(cache, version);
    yield { origin: "cache", place: directory, directory };
  }
  for (const python of ["python3", "python"])
    yield { origin: "python", place: `${python} on the PATH`, ...torchOfPython(python, env) };
}

/**
 * Names of the cached builds, the newest first; without a GPU's driver, those for CUDA last. Names with
 * a leading dot are unfinished.
 */
export function cachedVersions(cache: string): string[] {
  const last = nvidiaDriver() === undefined ? /\+cu\d/ : /^$/;
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
 * Prints the folder of the package `torch` without importing it, which would take seconds. The working
 * folder is no place to look: a folder that happens to be called `torch` is not PyTorch.
 */
const locateTorch = `
import importlib.util, os, sys
sys.path[:] = [entry for entry in sys.path if entry]
spec = importlib.util.find_spec("torch")
print(os.path.dirname(spec.origin) if spec and spec.origin else "")
`;

function torchOfPython(python: string, env: NodeJS.ProcessEnv): Place {
  try {
    const output = execFileSync(python, ["-c", locateTorch], {
      encoding: "utf8",
      env,
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 30_000,
    });
    const directory = output.trim();
    return directory === "" ? { absent: "has no package torch" } : { directory };
  } catch (error) {
    const { code, status } = error as NodeJS.ErrnoException & { status?: number | null };
    if (code === "ENOENT") return { absent: "there is none" };
    return { absent: `does not answer (${code ?? `exit code ${status}`})` };
  }
}
