import { spawn } from "node:child_process";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { throwIfAborted } from "../../errors/abort.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { sha256 } from "../../files/checksum.js";
import { wheelTags, type PinnedLibTorch, type PinnedWheel } from "./pins.js";

/** Options of {@link fetchWheels}. */
export interface FetchOptions {
  /** The environment that pip runs in. */
  env: NodeJS.ProcessEnv;
  /** Called with one line for each step. */
  report: (line: string) => void;
  signal?: AbortSignal;
}

const hasPip = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pip') is None)";

/**
 * Downloads the wheels of a pinned LibTorch into a folder with pip, using the user's pip configuration. Wheels that are
 * already there and complete are kept. pip prints its progress to stderr.
 *
 * @returns the wheels' paths.
 * @throws ReverseDistillationError `LIBTORCH_NOT_FOUND` if a download fails, `LIBTORCH_INCOMPATIBLE` if pip downloaded a
 *   file other than the pinned one, `ABORTED`.
 */
export async function fetchWheels(
  pinned: PinnedLibTorch,
  folder: string,
  options: FetchOptions,
): Promise<string[]> {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new ReverseDistillationError(
      "LIBTORCH_NOT_FOUND",
      `LibTorch can only be downloaded for linux-x64, but this is ${process.platform}-${process.arch}. ` +
        "Install PyTorch's CPU build and set LIBTORCH to the folder of its Python package torch.",
    );
  await mkdir(folder, { recursive: true });
  const { wheels } = pinned;
  let python: string | undefined;
  const paths: string[] = [];
  for (const [index, wheel] of wheels.entries()) {
    const path = join(folder, wheel.file);
    paths.push(path);
    if (await isWhole(path, wheel, options.signal)) continue;
    python ??= await requirePip(options.env);
    const position = wheels.length > 1 ? ` (${index + 1} of ${wheels.length})` : "";
    options.report(`Downloading ${wheel.requirement} with pip${position}`);
    await rm(path, { force: true });
    await download(python, pinned, wheel, folder, options);
    if (await isWhole(path, wheel, options.signal)) continue;
    throw await notPinned(path, wheel);
  }
  return paths;
}

async function download(
  python: string,
  { index }: PinnedLibTorch,
  { requirement }: PinnedWheel,
  folder: string,
  { env, signal }: FetchOptions,
): Promise<void> {
  const { python: version, abi, platforms } = wheelTags;
  const tags = ["--python-version", version, "--implementation", "cp", "--abi", abi];
  const args = [
    ...["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", folder],
    ...[...tags, ...platforms.flatMap((platform) => ["--platform", platform])],
    ...(index === undefined ? [] : ["--extra-index-url", index]),
    requirement,
  ];
  const status = await run(python, args, env, signal);
  throwIfAborted(signal);
  if (status !== 0) {
    const ended = typeof status === "number" ? `exit code ${status}` : status;
    throw notFetched(`pip download ${requirement} failed (${ended}); see its output above`);
  }
}

async function isWhole(path: string, wheel: PinnedWheel, signal?: AbortSignal): Promise<boolean> {
  const there = await stat(path).catch(() => undefined);
  return there !== undefined && (await sha256(path, signal)) === wheel.sha256;
}

async function notPinned(path: string, { requirement, file, sha256: wanted }: PinnedWheel): Promise<Error> {
  const found = await sha256(path).catch(() => undefined);
  await rm(path, { force: true });
  const problem =
    found === undefined
      ? `pip did not download ${file}`
      : `pip downloaded a different ${file}: its SHA-256 is ${found}, but should be ${wanted}`;
  return new ReverseDistillationError(
    "LIBTORCH_INCOMPATIBLE",
    `${problem} (${requirement}). Check which indexes pip uses: python3 -m pip config list.`,
  );
}

function notFetched(problem: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "LIBTORCH_NOT_FOUND",
    `LibTorch could not be downloaded: ${problem}. Alternatively, download the wheels on another machine and install ` +
      "them from their files: `npx reverse-distillation libtorch install --from <files>`.",
  );
}

/** Returns the Python that has pip. */
async function requirePip(env: NodeJS.ProcessEnv): Promise<string> {
  for (const python of ["python3", "python"])
    if ((await run(python, ["-c", hasPip], env)) === 0) return python;
  throw notFetched(
    "Python 3 with pip is needed and is not on the PATH (Debian, Ubuntu: apt install python3-pip)",
  );
}

/**
 * Runs a command. Its output goes to stderr, since stdout is for our own results.
 *
 * @returns the exit code, or why there is none.
 */
function run(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<number | string> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ["ignore", 2, 2], signal });
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, ended) => resolve(code ?? ended ?? "no exit code"));
  });
}
