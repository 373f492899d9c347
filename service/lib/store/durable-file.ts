import { randomUUID } from "node:crypto";
import { copyFile, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** The ending of files that are not whole yet. Their names start with a dot. */
export const unfinishedEnding = ".tmp";

/**
 * Writes a file that is there as a whole or not at all, whenever the process or the power ends. Once the promise is
 * fulfilled, the file is on the disk.
 *
 * @throws Error of the operating system; nothing is left behind.
 */
export async function writeDurably(path: string, data: Uint8Array | string): Promise<void> {
  await replaceDurably(path, async (unfinished) => {
    const file = await open(unfinished, "wx", 0o640);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** Copies a file as {@link writeDurably} writes one. */
export async function copyDurably(from: string, path: string): Promise<void> {
  await replaceDurably(path, async (unfinished) => {
    await copyFile(from, unfinished);
    const file = await open(unfinished, "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

async function replaceDurably(path: string, write: (unfinished: string) => Promise<void>): Promise<void> {
  const folder = dirname(path);
  const unfinished = join(folder, `.${basename(path)}.${randomUUID()}${unfinishedEnding}`);
  try {
    await write(unfinished);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Makes a folder, of which the names are on the disk once the promise is fulfilled. */
export async function makeFolderDurably(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o750 });
  if (made !== undefined) await syncFolder(dirname(made));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
