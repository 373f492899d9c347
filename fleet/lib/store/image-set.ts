import { mkdir, readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, posix, resolve } from "node:path";
import { ReverseDistillationError } from "reverse-distillation";
import type { StoredFile } from "../jobs/job.js";
import { lookAt, type StoredFiles } from "./stored-files.js";

/** How many files are moved at a time. */
const atATime = 8;

/**
 * Puts a folder of images into a store, with the names below it, so that workers see it as it is here. Hidden files and
 * folders are left out.
 *
 * @returns the list of the set's files.
 * @throws ReverseDistillationError `NOT_FOUND`, `INVALID_ARGUMENT` if it is no folder, `NO_IMAGES` if it is empty, `IO`
 */
export async function putSet(files: StoredFiles, folder: string): Promise<StoredFile> {
  if (!(await lookAt(folder)).isDirectory())
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${folder} is a file where a folder of images is expected.`,
    );
  const names = await filesBelow(folder);
  if (names.length === 0)
    throw new ReverseDistillationError("NO_IMAGES", `There is no file in the folder ${folder}.`);
  const stored = await inParallel(names, (name) => files.put(join(folder, name), name));
  return files.putText(JSON.stringify(stored), basename(resolve(folder)));
}

/**
 * Makes a folder of a set's files. They must not be written to.
 *
 * @param sha256 The digest of the set's list.
 * @param fetched Called with how many of how many files are there.
 * @throws ReverseDistillationError as {@link StoredFiles.fetch}; the reason of the signal.
 */
export async function fetchSet(
  files: StoredFiles,
  sha256: string,
  folder: string,
  fetched: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const list = `${folder}.json`;
  await files.fetch({ name: "the list of images", sha256 }, list);
  const set = JSON.parse(await readFile(list, "utf8")) as StoredFile[];
  let done = 0;
  await inParallel(set, async (file) => {
    signal.throwIfAborted();
    const path = join(folder, requireBelow(file.name));
    await mkdir(dirname(path), { recursive: true });
    await files.fetch(file, path);
    fetched(++done, set.length);
  });
}

/** The files in a folder and its subfolders, in the order of their names. */
async function filesBelow(folder: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  for (const { name } of await readdir(join(folder, below), { withFileTypes: true })) {
    if (name.startsWith(".")) continue;
    const place = posix.join(below, name);
    // Links are followed, as the package does when it looks for images.
    const target = await lookAt(join(folder, place));
    if (target.isDirectory()) found.push(...(await filesBelow(folder, place)));
    else if (target.isFile()) found.push(place);
  }
  return found.sort();
}

/** A list comes from a client; no name in it may lead out of the folder. */
function requireBelow(name: unknown): string {
  if (typeof name === "string" && posix.normalize(name) === name && !/^(\/|\.{1,2}(\/|$))/.test(name))
    return name;
  throw new ReverseDistillationError(
    "INVALID_FILE",
    `The list of a set of images has the name ${JSON.stringify(name)}, which does not lie below the set's folder.`,
  );
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: atATime }, lane));
  return results;
}
