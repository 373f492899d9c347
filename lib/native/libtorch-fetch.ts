import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ReverseDistillationError } from "../errors.js";
import { libtorchCacheDirectory } from "./cache.js";
import { inspectLibTorch } from "./libtorch-inspect.js";

/** The build that {@link fetchLibTorch} takes: PyTorch's own wheel for the CPU, for Linux on x64. */
export const pinnedLibTorch = {
  version: "2.13.0+cpu",
  minor: "2.13",
  /** PyTorch's public index of CPU wheels; the default index holds CUDA builds. */
  index: "https://download.pytorch.org/whl/cpu",
} as const;

/** What a wheel is kept for: headers, version, and the libraries that computing on the CPU takes. */
const keptEntries = String.raw`torch/(include/.+|version\.py|lib/(libc10\.so|libtorch_cpu\.so|libgomp[^/]*))`;

/** Unpacks argv[1] into argv[2]; entries whose whole name argv[3] matches, without "torch/". */
const unpackWheel = `
import os, re, shutil, sys, zipfile
wheel, target, kept = sys.argv[1], sys.argv[2], re.compile(sys.argv[3])
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        if entry.is_dir() or ".." in entry.filename.split("/") or not kept.fullmatch(entry.filename):
            continue
        path = os.path.join(target, *entry.filename.split("/")[1:])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(entry) as source, open(path, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
`;

/** Begins the names of folders that a fetch is working in; the search passes over dotted names. */
const unfinishedPrefix = ".unfinished-";

const hasPip = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pip') is None)";

/** Options of {@link fetchLibTorch}. */
export interface FetchOptions {
  /** The environment that names the cache, and that pip runs with. Default: the process's. */
  env?: NodeJS.ProcessEnv;
  /** Told what is being done. Default: nobody. */
  report?: (line: string) => void;
}

/**
 * Fetches {@link pinnedLibTorch} by `pip` into the cache, as the user's pip is configured, and keeps
 * its headers and run-time libraries. pip's own progress goes to the standard error. Safe to run in
 * several processes at once: the folder appears whole, by a rename.
 *
 * @returns the folder.
 * @throws ReverseDistillationError `LIBTORCH_NOT_FOUND` where it cannot be fetched,
 *   `LIBTORCH_INCOMPATIBLE` where what came is another build.
 */
export async function fetchLibTorch({ env = process.env, report = () => {} }: FetchOptions = {}): Promise<string> {
  const { version, index } = pinnedLibTorch;
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new ReverseDistillationError(
      "LIBTORCH_NOT_FOUND",
      `LibTorch is fetched for linux-x64 alone, and this is ${process.platform}-${process.arch}: ` +
        "install PyTorch's CPU build, and set LIBTORCH to the folder of its Python package torch.",
    );
  const python = await requirePip(env);

  const cache = libtorchCacheDirectory(env);
  const directory = join(cache, version);
  await mkdir(cache, { recursive: true });
  await removeAbandoned(cache);
  // Beside its place, since a rename is atomic within one file system only.
  const work = await mkdtemp(join(cache, unfinishedPrefix));
  try {
    report(`Fetching torch==${version} by pip (about 190 MB)`);
    const folder = join(work, "wheel");
    const requirement = `torch==${version}`;
    const status = await run(
      python,
      ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", folder, "--extra-index-url", index, requirement],
      env,
    );
    if (status !== 0) throw notFetched(`pip download of ${requirement} failed with ${status}; its messages are above`);
    const wheels = await readdir(folder);
    const [wheel] = wheels;
    if (wheel === undefined || wheels.length > 1) throw notFetched(`pip left not one wheel but ${wheels.length}`);
    requirePinned(/^torch-([^-]+)-/.exec(wheel)?.[1] ?? wheel);

    report("Unpacking its headers and libraries");
    const unpacked = join(work, version);
    const unpackStatus = await run(
      python,
      ["-c", unpackWheel, join(folder, wheel), unpacked, keptEntries],
      env,
    );
    if (unpackStatus !== 0) throw notFetched(`unpacking ${wheel} failed with ${unpackStatus}`);
    const result = inspectLibTorch(unpacked, { minors: [pinnedLibTorch.minor], headers: true });
    if ("reason" in result) throw new ReverseDistillationError("LIBTORCH_INCOMPATIBLE", `${wheel}: ${result.reason}`);
    requirePinned(result.version);

    await putInPlace(unpacked, directory, work);
    return directory;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Removes what fetches that were killed have left: a day is more than any fetch takes. */
async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(unfinishedPrefix)) continue;
    const folder = join(cache, name);
    // Gone where another process has just finished with it.
    const begun = (await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - begun > 24 * 3600 * 1000) await rm(folder, { recursive: true, force: true });
  }
}

function requirePinned(version: string): void {
  if (version === pinnedLibTorch.version) return;
  throw new ReverseDistillationError(
    "LIBTORCH_INCOMPATIBLE",
    `pip brought torch ${version} where ${pinnedLibTorch.version} was asked for: ` +
      "see which indexes pip is configured with (python3 -m pip config list).",
  );
}

function notFetched(what: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "LIBTORCH_NOT_FOUND",
    `LibTorch could not be fetched: ${what}. ` +
      `Or set LIBTORCH to the folder of a CPU build of LibTorch ${pinnedLibTorch.minor} that you have.`,
  );
}

/** The Python to run pip with. */
async function requirePip(env: NodeJS.ProcessEnv): Promise<string> {
  for (const python of ["python3", "python"])
    if ((await run(python, ["-c", hasPip], env)) === 0) return python;
  throw notFetched("it takes Python 3 with pip (Debian, Ubuntu: apt install python3-pip), and there is none on the PATH");
}

/**
 * Renames the finished folder to its place. Another process may have been quicker: its result is as
 * good. What is there and damaged is moved out of the way first.
 */
async function putInPlace(unpacked: string, directory: string, work: string): Promise<void> {
  const requirement = { minors: [pinnedLibTorch.minor], headers: true };
  for (let attempt = 0; ; attempt++) {
    try {
      await rename(unpacked, directory);
      return;
    } catch (error) {
      const there = await stat(directory).catch(() => undefined);
      if (there === undefined || attempt === 8) throw error;
      if (!("reason" in inspectLibTorch(directory, requirement))) return;
      // Fails where another process has just moved it; the next attempt sees.
      await rename(directory, join(work, `damaged-${attempt}`)).catch(() => undefined);
    }
  }
}

/** Runs a command to its end; its output goes to our standard error, so that ours stays clean. */
function run(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<number | string> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ["ignore", 2, 2] });
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code ?? signal ?? "no exit code"));
  });
}
