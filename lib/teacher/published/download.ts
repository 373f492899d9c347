import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { abortedError } from "../../errors/abort.js";
import { Callback } from "../../errors/callback.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { sha256 } from "../../files/checksum.js";
import { ioError } from "../../files/io-error.js";
import { PartialFile } from "./partial-file.js";
import { transfer, TransferError, type ByteProgress, type Timeouts } from "./transfer.js";

export interface DownloadOptions {
  url: URL;
  /** The path to save the file at. Its folder is created. */
  target: string;
  /** The first hexadecimal digits of the file's SHA-256. */
  checksumPrefix: string;
  /** The download fails if the server sends more bytes than this. */
  maxBytes: number;
  signal?: AbortSignal;
  onProgress?: ByteProgress;
  /** Default: 5 s for the response to begin, 30 s between chunks. */
  timeouts?: Timeouts;
  /** The delay before the first retry, in milliseconds. It doubles with every further retry. Default 500. */
  retryDelay?: number;
}

/** Limits on the attempts in a row that receive nothing, and on all attempts. */
const maxFailures = 4;
const maxAttempts = 100;

/**
 * Downloads a file and verifies its checksum. The file appears at its path only when it is complete. An interrupted
 * download is resumed, by this call or by a later one. Several processes may download the same file at the same time.
 *
 * @throws ReverseDistillationError `DOWNLOAD_FAILED` with the reason, `ABORTED`, `IO`.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { url, target, signal } = options;
  try {
    await mkdir(dirname(target), { recursive: true });
    const part = await PartialFile.claim(target);
    try {
      await fetchChecked(part, options);
      await part.finish(target);
    } catch (error) {
      await part.release();
      throw error;
    }
  } catch (error) {
    if (signal?.aborted) throw abortedError(signal);
    if (!(error instanceof TransferError)) throw ioError(error, "Saving the download", target);
    throw new ReverseDistillationError(
      "DOWNLOAD_FAILED",
      `Downloading ${url.href} failed: ${error.message}.`,
      {
        cause: error,
      },
    );
  }
}

async function fetchChecked(part: PartialFile, options: DownloadOptions): Promise<void> {
  const { checksumPrefix, signal } = options;
  // Bytes from several responses may not belong together, so a wrong file is downloaded once more.
  for (let mayRepeat = true; ; mayRepeat = false) {
    const pieced = part.length > 0;
    const attempts = await fetchWhole(part, options);
    const found = await sha256(part.path, signal);
    if (found.startsWith(checksumPrefix)) return;
    await part.clear();
    if (mayRepeat && (pieced || attempts > 1)) continue;
    const expected = `its SHA-256 is ${found}, but should start with ${checksumPrefix}`;
    throw new TransferError(`the server sent a different file: ${expected}`, false);
  }
}

/** Downloads until all bytes are there. @returns the number of attempts. */
async function fetchWhole(part: PartialFile, options: DownloadOptions): Promise<number> {
  const { url, maxBytes, signal, retryDelay = 500 } = options;
  const timeouts = options.timeouts ?? { answer: 5_000, stall: 30_000 };
  const progress = new Callback("onProgress", options.onProgress);
  const onProgress = (...state: Parameters<ByteProgress>) => {
    progress.call(...state);
    return progress.settled(signal);
  };
  for (let attempt = 1, failures = 0; ; attempt++) {
    const before = part.length;
    try {
      await transfer(part, { url, maxBytes, timeouts, signal, onProgress });
      return attempt;
    } catch (error) {
      failures = part.length > before ? 1 : failures + 1;
      const retry = error instanceof TransferError && error.retryable;
      if (!retry || failures === maxFailures || attempt === maxAttempts || signal?.aborted) throw error;
      await delay(retryDelay * 2 ** (failures - 1), undefined, { signal });
    }
  }
}
