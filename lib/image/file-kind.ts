import { extname } from "node:path";
import { openRegularFile } from "../files/regular-file.js";
import { readExtensions, sniffFormat, sniffLength } from "./formats.js";
import { isMarked } from "./heatmap-mark.js";
import { unfinishedExtensions } from "./names.js";

/** What a file is to a scan of a folder. */
export type FileKind = "image" | "heatmap" | "other";

/**
 * Tells whether a file is an image to read: by its extension, or by its first bytes if its extension is another or
 * missing. PNGs that are heatmaps of this package's are no images of parts. A file that cannot be opened is what its
 * extension says, and fails where it is read.
 */
export async function kindOfFile(path: string): Promise<FileKind> {
  const extension = extname(path).toLowerCase();
  const named = readExtensions.includes(extension);
  if (named && extension !== ".png") return "image";
  if (unfinishedExtensions.includes(extension)) return "other";
  const start = await startOf(path);
  if (start === undefined) return named ? "image" : "other";
  if (isMarked(start)) return "heatmap";
  const format = sniffFormat(start);
  return named || (format !== undefined && format.remedy === undefined) ? "image" : "other";
}

/** A file's first bytes; undefined if it cannot be read. */
async function startOf(path: string): Promise<Buffer | undefined> {
  try {
    const file = await openRegularFile(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(sniffLength), 0, sniffLength, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
