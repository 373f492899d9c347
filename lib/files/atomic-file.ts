import { open, readlink, realpath, rename, stat, type FileHandle } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { ioError } from "./io-error.js";
import { nameOf, printable, systemPath } from "./system-path.js";
import { withTemporary } from "./temporary.js";

/**
 * Writes a file atomically: readers see the old content or all of the new content, never a part. The content goes to
 * a temporary file in the same folder, which is flushed to disk and then renamed. If anything fails, the temporary
 * file is removed and the old file stays. An existing file keeps its permissions, and a symbolic link stays a link:
 * the file that it points to is replaced.
 *
 * @param write Writes the content. It must not close the handle.
 * @param keepPrevious Whether the old file is kept under the name of {@link previousOf}. If the process is killed at
 * the wrong moment, only that one exists.
 * @throws ReverseDistillationError as {@link requireWritablePlace}, `IO`, or what `write` throws.
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  { keepPrevious = false } = {},
): Promise<void> {
  await requireWritablePlace(path);
  try {
    const target = await targetOf(path);
    const mode = (await statIfAny(target))?.mode;
    await withTemporary(dirname(target), async (temporary) => {
      const file = await open(systemPath(temporary), "wx", mode === undefined ? 0o666 : mode & 0o777);
      try {
        await write(file);
        // The mode at creation is limited by the umask.
        if (mode !== undefined) await file.chmod(mode & 0o7777);
        await file.sync();
      } finally {
        await file.close();
      }
      if (keepPrevious && mode !== undefined)
        await rename(systemPath(target), systemPath(`${target}.previous`));
      await rename(systemPath(temporary), systemPath(target));
    });
    await syncFolder(dirname(target));
  } catch (error) {
    throw ioError(error, "Writing", path);
  }
}

/** Where {@link writeAtomically} keeps the file that was at a path before. */
export async function previousOf(path: string): Promise<string> {
  return `${await targetOf(path)}.previous`;
}

/** The file that a path leads to through symbolic links, which may not exist. */
export async function targetOf(path: string): Promise<string> {
  const link = await readlink(systemPath(path), "buffer").catch((error: unknown) => {
    // EINVAL: it is no link.
    if (["ENOENT", "EINVAL"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  });
  return link === undefined
    ? path
    : targetOf(resolve(nameOf(await realpath(systemPath(dirname(path)), "buffer")), nameOf(link)));
}

/**
 * Checks that a file can be written to a path.
 *
 * @throws ReverseDistillationError `NOT_FOUND` if the folder does not exist; `INVALID_ARGUMENT` if the path is a
 * folder, a device, a pipe or a socket, which the file would replace.
 */
export async function requireWritablePlace(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    if (!(await stat(systemPath(folder))).isDirectory()) throw notAFolder(folder, path);
    const found = await statIfAny(path);
    if (found !== undefined && !found.isFile()) {
      const kind = found.isDirectory() ? "a folder" : "a device, pipe or socket";
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `${printable(path)} is ${kind}; give the path of a file to write.`,
      );
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new ReverseDistillationError(
        "NOT_FOUND",
        `Cannot write ${printable(path)}: the folder ${printable(folder)} does not exist.`,
        {
          cause: error,
        },
      );
    }
    throw ioError(error, "Writing", path);
  }
}

function notAFolder(folder: string, path: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `Cannot write ${printable(path)}: ${printable(folder)} is not a folder.`,
  );
}

async function statIfAny(path: string) {
  try {
    return await stat(systemPath(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Makes the rename durable, on file systems that can flush a folder. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(systemPath(folder), "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The content is on disk; at worst, a power cut undoes the rename.
  }
}
