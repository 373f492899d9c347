import { randomBytes } from "node:crypto";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { ioError } from "./io-error.js";
import { systemPath } from "./system-path.js";

/**
 * Writes a file atomically: readers see the old content or all of the new content, never a part. The content goes to
 * a temporary file in the same folder, which is flushed to disk and then renamed. If anything fails, the temporary
 * file is removed and the old file stays.
 *
 * @param write Writes the content. It must not close the handle.
 * @throws ReverseDistillationError as {@link requireWritablePlace}, `IO`, or what `write` throws.
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  await requireWritablePlace(path);
  // Does not contain the file's name, which may already have the maximum length.
  const temporary = join(dirname(path), `.${process.pid}.${randomBytes(8).toString("hex")}.tmp`);
  try {
    const file = await open(systemPath(temporary), "wx");
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(systemPath(temporary), systemPath(path));
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(systemPath(temporary), { force: true });
    throw ioError(error, "Writing", path);
  }
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
        `${path} is ${kind}; give the path of a file to write.`,
      );
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new ReverseDistillationError(
        "NOT_FOUND",
        `Cannot write ${path}: the folder ${folder} does not exist.`,
        {
          cause: error,
        },
      );
    }
    throw ioError(error, "Writing", path);
  }
}

function notAFolder(folder: string, path: string): ReverseDistillationError {
  return new ReverseDistillationError("INVALID_ARGUMENT", `Cannot write ${path}: ${folder} is not a folder.`);
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
