import { mkdir, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { abortedError } from "../../errors/abort.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { libtorchCacheDirectory } from "../../files/cache.js";
import { sha256 } from "../../files/checksum.js";
import { ioError } from "../../files/io-error.js";
import { withTemporary } from "../../files/temporary.js";
import { fetchWheels } from "./fetch.js";
import { inspectLibTorch, type Backend, type LibTorch, type LibTorchBuild } from "./inspect.js";
import { withLock } from "./lock.js";
import { pinnedLibTorch, type PinnedLibTorch } from "./pins.js";
import { buildable } from "./search.js";
import { unpackLibTorch } from "./unpack.js";

/** Options of {@link installLibTorch}. */
export interface InstallOptions {
  /** Which pinned build to download. Default: "cpu". */
  backend?: Backend;
  /** Where to install it. Default: a folder in this package's cache, named after the version. */
  directory?: string;
  /** Files to unpack instead of downloading: PyTorch's and NVIDIA's wheels, a LibTorch archive, or folders of these. */
  from?: string[];
  /** The expected SHA-256 of the only file in `from`. */
  sha256?: string;
  /** Environment variables. Default: the process's. */
  env?: NodeJS.ProcessEnv;
  /** Called with one line for each step. */
  report?: (line: string) => void;
  signal?: AbortSignal;
  /** The pinned builds; tests pass their own. */
  pinned?: Readonly<Record<Backend, PinnedLibTorch>>;
}

/** The result of {@link installLibTorch}. */
export interface Installed extends LibTorch {
  /** Whether it was already installed. */
  reused: boolean;
}

/** Prefix of working folders. The search ignores names that start with a dot. */
const unfinished = ".unfinished-";

/**
 * Installs LibTorch where the search finds it: the pinned build, downloaded with pip, or one from the given files.
 * Several processes can run it at the same time: one installs and the others wait. The finished folder is renamed into
 * place, so it is never seen incomplete. After an interruption, complete wheels are not downloaded again.
 *
 * @throws ReverseDistillationError `LIBTORCH_NOT_FOUND` if it cannot be downloaded, `LIBTORCH_INCOMPATIBLE` if the
 *   files are of an unsupported version or build, `INVALID_FILE`, `NOT_FOUND`, `INVALID_ARGUMENT`, `IO`, `ABORTED`.
 */
export async function installLibTorch(options: InstallOptions = {}): Promise<Installed> {
  const { env = process.env, report = () => {}, signal } = options;
  const pins = (options.pinned ?? pinnedLibTorch)[options.backend ?? "cpu"];
  const cache = libtorchCacheDirectory(env);
  const given = options.directory === undefined ? undefined : resolve(options.directory);
  const parent = given === undefined ? cache : dirname(given);
  const files = options.from === undefined ? undefined : await archivesIn(options.from);
  const builds = files === undefined ? [pins] : [...buildable("cpu"), ...buildable("cuda")];
  const directoryFor = (version: string): string => given ?? join(cache, version);
  const there = (): Installed | undefined =>
    files === undefined ? existing(directoryFor(pins.version), builds) : undefined;

  const present = there();
  if (present !== undefined) return present;
  if (given !== undefined) await requireFree(given);
  try {
    await mkdir(parent, { recursive: true });
    const waiting = (): void => report("Waiting for another process that is installing LibTorch");
    return await withLock(join(parent, ".libtorch-install.lock"), { signal, onWait: waiting }, async () => {
      const meanwhile = there();
      if (meanwhile !== undefined) return meanwhile;
      await removeAbandoned(parent);
      const work = join(parent, unfinished + (files === undefined ? pins.version : "files"));
      try {
        await mkdir(work, { recursive: true });
        if (files === undefined) await requireSpace(parent, pins);
        else await checkHashes(files, options);
        // A new name, so that nothing unpacked by an interrupted process is reused.
        return await withTemporary(work, async (unpacked) => {
          const archives = files ?? (await fetchWheels(pins, join(work, "wheels"), { env, report, signal }));
          for (const archive of archives) {
            report(`Unpacking ${basename(archive)}`);
            await unpackLibTorch(archive, unpacked, signal);
          }
          const result = inspectLibTorch(unpacked, { builds });
          if ("reason" in result) throw misfit(archives, result.reason);
          const directory = directoryFor(result.version);
          await putInPlace(unpacked, directory, builds, work);
          await rm(work, { recursive: true, force: true });
          const installed = inspectLibTorch(directory, { builds });
          if ("reason" in installed) throw misfit([directory], installed.reason);
          return { ...installed, reused: false };
        });
      } finally {
        // Downloaded wheels stay for the next attempt.
        if (files !== undefined) await rm(work, { recursive: true, force: true });
      }
    });
  } catch (error) {
    if (signal?.aborted) throw abortedError(signal);
    throw ioError(error, "Installing LibTorch", parent);
  }
}

function misfit(places: readonly string[], reason: string): ReverseDistillationError {
  const names = places.map((path) => basename(path)).join(", ");
  return new ReverseDistillationError("LIBTORCH_INCOMPATIBLE", `${names}: ${reason}`);
}

/** The LibTorch in a folder, if it meets the requirement. */
function existing(directory: string, builds: readonly LibTorchBuild[]): Installed | undefined {
  const result = inspectLibTorch(directory, { builds });
  return "reason" in result ? undefined : { ...result, reused: true };
}

/** The given files, and the archives in the given folders. */
async function archivesIn(places: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const place of places.map((each) => resolve(each))) {
    const kind = await stat(place).catch((error: unknown) => {
      throw ioError(error, "Reading an archive of LibTorch", place);
    });
    if (kind.isFile()) files.push(place);
    else if (!kind.isDirectory()) throw notAnArchive(place);
    else
      for (const name of (await readdir(place)).sort())
        if (/\.(whl|zip)$/.test(name)) files.push(join(place, name));
  }
  if (files.length > 0) return files;
  throw new ReverseDistillationError("NOT_FOUND", `${places.join(", ")} contains no .whl or .zip file.`);
}

function notAnArchive(place: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${place} is neither a file nor a folder. Give the path of a .whl or .zip file.`,
  );
}

/** Checks the given hash, if there is one. Otherwise a file named like a pinned wheel must be that wheel. */
async function checkHashes(
  files: string[],
  { sha256: given, pinned = pinnedLibTorch, signal }: InstallOptions,
): Promise<void> {
  if (given !== undefined && (files.length !== 1 || !/^[0-9a-f]{64}$/i.test(given)))
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `sha256 must be 64 hexadecimal digits and needs exactly one file; got ${JSON.stringify(given)} and ${files.length} files.`,
    );
  const wheels = Object.values(pinned).flatMap((build) => build.wheels);
  for (const path of files) {
    const wanted = given?.toLowerCase() ?? wheels.find(({ file }) => file === basename(path))?.sha256;
    if (wanted === undefined) continue;
    const found = await sha256(path, signal);
    if (found !== wanted)
      throw new ReverseDistillationError(
        "INVALID_FILE",
        `${path} is damaged or the wrong file: its SHA-256 is ${found}, but should be ${wanted}. Download it again.`,
      );
  }
}

/** A folder chosen by the caller must be absent or empty: this package must not replace anything in it. */
async function requireFree(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw ioError(error, "Installing LibTorch", directory);
  });
  if (names.length > 0)
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${directory} is not empty and contains no compatible LibTorch. Choose a folder that is empty or does not exist.`,
    );
}

/** Fails before a long download rather than after it. */
async function requireSpace(folder: string, { megabytes }: PinnedLibTorch): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = Math.floor((bavail * bsize) / 1e6);
  const needed = megabytes.download + megabytes.kept;
  if (free < needed)
    throw new ReverseDistillationError(
      "IO",
      `Installing LibTorch needs ${needed} MB of disk space (${megabytes.kept} MB once installed), but ${folder} has ` +
        `only ${free} MB left. Choose another folder with --dir or REVERSE_DISTILLATION_CACHE.`,
    );
}

/** Removes what killed installations left behind. No installation takes more than a day. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(unfinished)) continue;
    const folder = join(parent, name);
    const touched = (await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - touched > 24 * 3600 * 1000) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Renames the finished folder into place. If another process was faster, its result is used. A damaged installation is
 * moved out of the way first.
 */
async function putInPlace(
  unpacked: string,
  directory: string,
  builds: readonly LibTorchBuild[],
  work: string,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rename(unpacked, directory);
      return;
    } catch (error) {
      const there = await stat(directory).catch(() => undefined);
      if (there === undefined || attempt === 8) throw error;
      if (existing(directory, builds) !== undefined) return;
      // This fails if another process has just moved it; then try again.
      await rename(directory, join(work, `damaged-${attempt}`)).catch(() => undefined);
    }
  }
}
