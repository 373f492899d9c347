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
 * What is kept: of PyTorch's wheel the headers, the version and the libraries that this package opens or
 * that these need; of NVIDIA's wheels the libraries; of a LibTorch archive headers, version, libraries.
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
 * Unpacks what computing and building take of a wheel or a LibTorch archive, under the names that it has
 * there, and compares the archive's checksums.
 *
 * @param archive path of a `.whl` or `.zip` file.
 * @param target a folder, which is made.
 * @throws ReverseDistillationError `NOT_FOUND`, `INVALID_FILE` where it is damaged or something else,
 *   `IO`, `ABORTED`.
 */
export async function unpackLibTorch(archive: string, target: string, signal?: AbortSignal): Promise<void> {
  let writing = target;
  try {
    const zip = await yauzl.openPromise(archive);
    try {
      let count = 0;
      for await (const entry of zip.eachEntry()) {
        // Some archives have entries for folders, whose names end with a slash.
        if (!kept.test(entry.fileName) || entry.fileName.endsWith("/")) continue;
        writing = join(target, entry.fileName);
        await unpackEntry(zip, entry, writing, signal);
        count++;
      }
      if (count === 0)
        throw new ReverseDistillationError(
          "INVALID_FILE",
          `${archive} holds nothing of LibTorch: give PyTorch's wheel (torch-*.whl, and NVIDIA's wheels for a CUDA build) or a LibTorch archive (libtorch-*.zip).`,
        );
    } finally {
      zip.close();
    }
  } catch (error) {
    if (signal?.aborted) throw abortedError(signal);
    if (error instanceof ReverseDistillationError) throw error;
    // What has no code is what yauzl or zlib make of the content.
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
  if (checksum !== entry.crc32) throw new Error(`the checksum of ${entry.fileName} is not right`);
}

function damaged(archive: string, problem: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_FILE",
    `${archive} is damaged or no zip archive: ${problem}. Fetch it again.`,
  );
}
