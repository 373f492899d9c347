import type { Readable } from "node:stream";
import yauzl, { type Entry, type ZipFile } from "yauzl";

/** A file in a wheel. */
export interface WheelFile {
  /** Its path in the wheel: "torch/lib/libc10.so". */
  path: string;
  size: number;
  open: () => Promise<Readable>;
}

/** Opens a wheel, lists its files, and closes it when `use` has ended. */
export async function withWheel<T>(path: string, use: (files: WheelFile[]) => Promise<T>): Promise<T> {
  const zip: ZipFile = await yauzl.openPromise(path, { autoClose: false });
  try {
    const files: WheelFile[] = [];
    for await (const entry of zip.eachEntry())
      if (!entry.fileName.endsWith("/")) files.push(fileOf(zip, entry));
    return await use(files);
  } finally {
    zip.close();
  }
}

function fileOf(zip: ZipFile, entry: Entry): WheelFile {
  return {
    path: entry.fileName,
    size: entry.uncompressedSize,
    open: () => zip.openReadStreamPromise(entry),
  };
}
