import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import yauzl, { type Entry, type ZipFile } from "yauzl";
import { abortedError } from "../../errors/abort.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { crc32 } from "../../files/crc32.js";
import { ioError } from "../../files/io-error.js";

/**
 * The files to keep. From PyTorch's wheel: the headers, the version, and the libraries that this package opens, with
 * their dependencies. From NVIDIA's wheels: the libraries. From a LibTorch archive: headers, version and libraries.
 */
const kept = new RegExp(
  "^(" +
    [
      String.raw`torch/(version\.py|include/.+|lib/lib(c10|torch_cpu|c10_cuda|torch_cuda|torch_nvshmem|caffe2_nvrtc|gomp[^/]*)\.so[^/]*)`,
      String.raw`(nvidia/(.+/)?lib|torch\.libs)/[^/]+\.so[^/]*`,
      String.raw`libtorch/(build-version|include/.+|lib/[^/]+\.so[^/]*)`,
    ].join("|") +
    ")$",
);

/**
 * Unpacks the files of a wheel or a LibTorch archive that are needed to run and to build, under their own names, and
 * verifies their checksums.
 *
 * @param archive The path of a `.whl` or `.zip` file.
 * @param target The folder to unpack into; it is created.
 * @throws ReverseDistillationError `NOT_FOUND`, `INVALID_FILE` if it is damaged or contains no LibTorch, `IO`,
 *   `ABORTED`.
 */
export async function unpackLibTorch(archive: string, target: string, signal?: AbortSignal): Promise<void> {
  let writing = target;
  try {
    const zip = await yauzl.openPromise(archive);
    try {
      let count = 0;
      for await (const entry of zip.eachEntry()) {
        // Some archives have entries for folders; their names end with a slash.
        if (!kept.test(entry.fileName) || entry.fileName.endsWith("/")) continue;
        writing = join(target, entry.fileName);
        await unpackEntry(zip, entry, writing, signal);
        count++;
      }
      if (count === 0)
        throw new ReverseDistillationError(
          "INVALID_FILE",
          `${archive} contains no LibTorch. Use PyTorch's wheel (torch-*.whl, for a CUDA build with NVIDIA's wheels) or ` +
            "a LibTorch archive (libtorch-*.zip).",
        );
    } finally {
      zip.close();
    }
  } catch (error) {
    if (signal?.aborted) throw abortedError(signal);
    if (error instanceof ReverseDistillationError) throw error;
    // Errors of yauzl have no code, and those of zlib start with Z_: both are about the content.
    const { code, path, message } = error as NodeJS.ErrnoException;
    if (code === undefined || code.startsWith("Z_")) throw damaged(archive, message);
    throw ioError(error, `Unpacking ${basename(archive)}`, path ?? writing);
  }
}

async function unpackEntry(zip: ZipFile, entry: Entry, path: string, signal?: AbortSignal): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const content = await zip.openReadStreamPromise(entry);
  let checksum = 0;
  async function* summed(chunks: Readable): AsyncGenerator<Buffer> {
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  }
  await pipeline(content, summed, createWriteStream(path), { signal });
  if (checksum !== entry.crc32) throw new Error(`the checksum of ${entry.fileName} is wrong`);
}

function damaged(archive: string, problem: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_FILE",
    `${archive} is damaged or not a zip archive: ${problem}. Download it again.`,
  );
}
