import { randomBytes } from "node:crypto";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { ioError } from "./io-error.js";

/**
 * Writes a file so that its name never stands for a part of it: into a temporary file beside it,
 * which is flushed to the disk and then takes the name. What was there before stays until then, and
 * the temporary file is removed if anything fails.
 *
 * @param write Writes the content; nothing else may close the handle.
 * @throws ReverseDistillationError `NOT_FOUND` if the folder does not exist, `IO`, or what `write` throws.
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  await requireWritablePlace(path);
  // Not made from the file's name: that may be as long as a name can be.
  const temporary = join(dirname(path), `.${process.pid}.${randomBytes(8).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw ioError(error, "Writing", path);
  }
}

/**
 * @throws ReverseDistillationError `NOT_FOUND` if the path's folder does not exist; `INVALID_ARGUMENT` if the path is a
 * folder, a device, a pipe or a socket, which a file would replace.
 */
export async function requireWritablePlace(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    if (!(await stat(folder)).isDirectory()) throw notAFolder(folder, path);
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
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Makes the new name itself durable, where the file system lets a folder be flushed. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The content is on the disk; only the name's durability after a power cut is left to the system.
  }
}
