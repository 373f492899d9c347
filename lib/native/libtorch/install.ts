import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { abortedError } from "../../errors/abort.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { libtorchCacheDirectory } from "../../files/cache.js";
import { sha256 } from "../../files/checksum.js";
import { ioError } from "../../files/io-error.js";
import { fetchWheels } from "./fetch.js";
import { inspectLibTorch, type Backend, type LibTorch, type LibTorchBuild } from "./inspect.js";
import { withLock } from "./lock.js";
import { pinnedLibTorch, type PinnedLibTorch } from "./pins.js";
import { buildable } from "./search.js";
import { unpackLibTorch } from "./unpack.js";

/** Options of {@link installLibTorch}. */
export interface InstallOptions {
  /** Which pinned build to fetch. Default: "cpu". */
  backend?: Backend;
  /** Where it goes. Default: this package's cache, in a folder named by its version. */
  directory?: string;
  /** Files to unpack instead of fetching: PyTorch's wheel with NVIDIA's, or a LibTorch archive; or folders of such. */
  from?: string[];
  /** The SHA-256 that the one file in `from` must have. */
  sha256?: string;
  /** Default: the process's. */
  env?: NodeJS.ProcessEnv;
  /** Told what is being done. Default: nobody. */
  report?: (line: string) => void;
  signal?: AbortSignal;
  /** The pinned builds, for tests. */
  pinned?: Readonly<Record<Backend, PinnedLibTorch>>;
}

/** Outcome of {@link installLibTorch}. */
export interface Installed extends LibTorch {
  /** Whether it was there already. */
  reused: boolean;
}

/** Begins the names of folders that are worked in; the search passes over dotted names. */
const unfinished = ".unfinished-";

/**
 * Puts a LibTorch where the search finds it: the pinned build, fetched by pip, or one from files given.
 * Safe to run in several processes at once: one works, the others wait for it; and the folder appears
 * whole, by a rename. After an interruption, wheels that were fetched whole are not fetched again.
 *
 * @throws ReverseDistillationError `LIBTORCH_NOT_FOUND` where it cannot be fetched,
 *   `LIBTORCH_INCOMPATIBLE` where what came is another build, `INVALID_FILE`, `NOT_FOUND`,
 *   `INVALID_ARGUMENT`, `IO`, `ABORTED`.
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
      // Never what an interrupted process has begun to unpack.
      const unpacked = join(work, `unpacked-${randomBytes(6).toString("hex")}`);
      try {
        await mkdir(work, { recursive: true });
        if (files === undefined) await requireSpace(parent, pins);
        else await checkHashes(files, options);
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
      } finally {
        // Wheels stay for the next attempt.
        await rm(files === undefined ? unpacked : work, { recursive: true, force: true });
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

/** The LibTorch in a folder, where there is one that fits. */
function existing(directory: string, builds: readonly LibTorchBuild[]): Installed | undefined {
  const result = inspectLibTorch(directory, { builds });
  return "reason" in result ? undefined : { ...result, reused: true };
}

/** The files themselves, and those in the folders. */
async function archivesIn(places: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const place of places.map((each) => resolve(each))) {
    const kind = await stat(place).catch((error: unknown) => {
      throw ioError(error, "Reading an archive of LibTorch", place);
    });
    if (!kind.isDirectory()) files.push(place);
    else
      for (const name of (await readdir(place)).sort())
        if (/\.(whl|zip)$/.test(name)) files.push(join(place, name));
  }
  if (files.length > 0) return files;
  throw new ReverseDistillationError("NOT_FOUND", `${places.join(", ")} holds no .whl or .zip file.`);
}

/** A file by the name of a pinned one must be that; another must have the hash that was given, if one was. */
async function checkHashes(files: string[], { sha256: given, pinned = pinnedLibTorch, signal }: InstallOptions): Promise<void> {
  if (given !== undefined && (files.length !== 1 || !/^[0-9a-f]{64}$/i.test(given)))
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `A SHA-256 must be 64 hexadecimal digits and goes with one file, but there are ${files.length}, and it is ${JSON.stringify(given)}.`,
    );
  const wheels = Object.values(pinned).flatMap((build) => build.wheels);
  for (const path of files) {
    const wanted = given?.toLowerCase() ?? wheels.find(({ file }) => file === basename(path))?.sha256;
    if (wanted === undefined) continue;
    const found = await sha256(path, signal);
    if (found !== wanted)
      throw new ReverseDistillationError(
        "INVALID_FILE",
        `${path} is not the file that was meant: its SHA-256 is ${found}, but should be ${wanted}. Fetch it again.`,
      );
  }
}

/** A folder that is given must be absent or empty: nothing in it is for this package to replace. */
async function requireFree(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw ioError(error, "Installing LibTorch", directory);
  });
  if (names.length > 0)
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${directory} is not empty and holds no LibTorch that fits: give a folder that is empty or does not exist.`,
    );
}

/** Before hours of downloading, not after. */
async function requireSpace(folder: string, { megabytes }: PinnedLibTorch): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = Math.floor((bavail * bsize) / 1e6);
  const needed = megabytes.download + megabytes.kept;
  if (free < needed)
    throw new ReverseDistillationError(
      "IO",
      `Installing LibTorch takes ${needed} MB for a while, of which ${megabytes.kept} MB stay, and ${folder} has ${free} MB left. ` +
        "REVERSE_DISTILLATION_CACHE or --dir name another place.",
    );
}

/** Removes what installations that were killed have left: a day is more than any takes. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(unfinished)) continue;
    const folder = join(parent, name);
    const touched = (await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - touched > 24 * 3600 * 1000) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Renames the finished folder to its place. Another process may have been quicker: its result is as
 * good. What is there and damaged is moved out of the way first.
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
      // Fails where another process has just moved it; the next attempt sees.
      await rename(directory, join(work, `damaged-${attempt}`)).catch(() => undefined);
    }
  }
}
