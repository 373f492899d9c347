import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { ReverseDistillationError } from "../errors.js";
import { libtorchCacheDirectory } from "./cache.js";
import { inspectLibTorch, type LibTorch, type LibTorchRequirement } from "./libtorch-inspect.js";

/** Where a LibTorch was looked for: the variable LIBTORCH, this package's cache, Python's `torch`. */
export type LibTorchOrigin = "LIBTORCH" | "cache" | "python";

/** The minor versions of LibTorch that the native addon can be built against. */
export const buildableMinors: readonly string[] = ["2.11", "2.12", "2.13", "2.14"];

/** A place that was looked at and does not do. */
export interface PassedOver {
  origin: LibTorchOrigin;
  /** The folder or, where there is none, what was asked. */
  place: string;
  reason: string;
  /** Whether there is a LibTorch, of another version or build, or damaged. */
  exists: boolean;
}

/** Outcome of {@link findLibTorch}. */
export interface LibTorchSearch {
  /** The first LibTorch that fits; undefined where none does. */
  found?: LibTorch & { origin: LibTorchOrigin };
  /** What came before it and does not fit, in the order of the search. */
  passedOver: PassedOver[];
}

/**
 * Finds a LibTorch that fits, loading none: the folder in the variable LIBTORCH, then this package's
 * cache, then the `torch` package of the `python3` or `python` on the PATH.
 *
 * @throws ReverseDistillationError where LIBTORCH is set and does not fit, since whoever set it means
 *   that one: `LIBTORCH_NOT_FOUND` (nothing there) or `LIBTORCH_INCOMPATIBLE`.
 */
export function findLibTorch(
  requirement: LibTorchRequirement,
  env: NodeJS.ProcessEnv = process.env,
): LibTorchSearch {
  if (env.LIBTORCH) {
    const directory = resolve(env.LIBTORCH);
    const result = inspectLibTorch(directory, requirement);
    if (!("reason" in result)) return { found: { ...result, origin: "LIBTORCH" }, passedOver: [] };
    throw new ReverseDistillationError(
      result.exists ? "LIBTORCH_INCOMPATIBLE" : "LIBTORCH_NOT_FOUND",
      `The variable LIBTORCH is ${directory}, which does not fit: ${result.reason}. ` +
        `Set it to the folder of a CPU build of LibTorch ${requirement.minors.join(" or ")}, or unset it.`,
    );
  }

  const passedOver: PassedOver[] = [];
  for (const { origin, place, directory, absent } of candidates(env)) {
    if (directory === undefined) {
      passedOver.push({ origin, place, reason: absent, exists: false });
      continue;
    }
    const result = inspectLibTorch(directory, requirement);
    if (!("reason" in result)) return { found: { ...result, origin }, passedOver };
    passedOver.push({ origin, place: directory, ...result });
  }
  return { passedOver };
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

/** Names of the cached builds, the newest first. Names with a leading dot are unfinished. */
function cachedVersions(cache: string): string[] {
  try {
    return readdirSync(cache)
      .filter((name) => !name.startsWith("."))
      .sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
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
