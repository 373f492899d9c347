import { spawn } from "node:child_process";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { throwIfAborted } from "../../errors/abort.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { sha256 } from "../../files/checksum.js";
import { wheelTags, type PinnedLibTorch, type PinnedWheel } from "./pins.js";

/** How wheels are fetched. */
export interface FetchOptions {
  /** The environment that pip runs with. */
  env: NodeJS.ProcessEnv;
  /** Told what is being done. */
  report: (line: string) => void;
  signal?: AbortSignal;
}

const hasPip = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pip') is None)";

/**
 * Fetches the wheels of a pinned LibTorch into a folder by `pip`, as the user's pip is configured; those
 * that are there already, whole, are kept. pip's own progress goes to the standard error.
 *
 * @returns their paths.
 * @throws ReverseDistillationError `LIBTORCH_NOT_FOUND` where one cannot be fetched,
 *   `LIBTORCH_INCOMPATIBLE` where what came is another file; `ABORTED`.
 */
export async function fetchWheels(pinned: PinnedLibTorch, folder: string, options: FetchOptions): Promise<string[]> {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new ReverseDistillationError(
      "LIBTORCH_NOT_FOUND",
      `LibTorch is fetched for linux-x64 alone, and this is ${process.platform}-${process.arch}: ` +
        "install PyTorch's CPU build, and set LIBTORCH to the folder of its Python package torch.",
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
    const place = wheels.length > 1 ? `, ${index + 1} of ${wheels.length}` : "";
    options.report(`Fetching ${wheel.requirement} by pip${place}`);
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
  if (status !== 0) throw notFetched(`pip download of ${requirement} failed with ${status}; its messages are above`);
}

async function isWhole(path: string, wheel: PinnedWheel, signal?: AbortSignal): Promise<boolean> {
  const there = await stat(path).catch(() => undefined);
  return there !== undefined && (await sha256(path, signal)) === wheel.sha256;
}

async function notPinned(path: string, { requirement, file, sha256: wanted }: PinnedWheel): Promise<Error> {
  const found = await sha256(path).catch(() => undefined);
  await rm(path, { force: true });
  const what = found === undefined ? `no ${file}` : `a ${file} whose SHA-256 is ${found} where ${wanted} is pinned`;
  return new ReverseDistillationError(
    "LIBTORCH_INCOMPATIBLE",
    `pip brought ${what} (${requirement}): see which indexes pip is configured with (python3 -m pip config list).`,
  );
}

function notFetched(what: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "LIBTORCH_NOT_FOUND",
    `LibTorch could not be fetched: ${what}. ` +
      "Or fetch the wheels elsewhere and install them from their files: `npx reverse-distillation libtorch install --from <files>`.",
  );
}

/** The Python to run pip with. */
async function requirePip(env: NodeJS.ProcessEnv): Promise<string> {
  for (const python of ["python3", "python"])
    if ((await run(python, ["-c", hasPip], env)) === 0) return python;
  throw notFetched("it takes Python 3 with pip (Debian, Ubuntu: apt install python3-pip), and there is none on the PATH");
}

/** Runs a command to its end; its output goes to our standard error, so that ours stays clean. */
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
