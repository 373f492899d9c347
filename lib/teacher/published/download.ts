import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { abortedError, stoppedBy } from "../../errors/abort.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { sha256 } from "../../files/checksum.js";
import { ioError } from "../../files/io-error.js";
import { PartialFile } from "./partial-file.js";
import { transfer, TransferError, type ByteProgress, type Timeouts } from "./transfer.js";

export interface DownloadOptions {
  url: URL;
  /** Where the file goes; its folder is made. */
  target: string;
  /** The first digits of the file's SHA-256, in hexadecimal. */
  checksumPrefix: string;
  /** The most bytes that are taken, whatever the server sends. */
  maxBytes: number;
  signal?: AbortSignal;
  onProgress?: ByteProgress;
  /** Default: 5 s for an answer, 30 s for the next bytes. */
  timeouts?: Timeouts;
  /** Before the first of the repeated attempts, in milliseconds; it doubles with each. Default 500. */
  retryDelay?: number;
}

/** Attempts in a row that bring nothing, and attempts at all. */
const maxFailures = 4;
const maxAttempts = 100;

/**
 * Downloads a file, atomically: it appears whole and checked. What an interrupted call has fetched is
 * gone on from, within this call and by later ones; several processes may download the same file.
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
    if (!(error instanceof TransferError)) throw ioError(error, "Downloading into", target);
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
  // Bytes of several answers may not belong together, so wrong ones are fetched once more.
  for (let mayRepeat = true; ; mayRepeat = false) {
    const pieced = part.length > 0;
    const attempts = await fetchWhole(part, options);
    const found = await sha256(part.path, signal);
    if (found.startsWith(checksumPrefix)) return;
    await part.clear();
    if (mayRepeat && (pieced || attempts > 1)) continue;
    const expected = `its SHA-256 is ${found}, but should begin with ${checksumPrefix}`;
    throw new TransferError(`what came is not the file: ${expected}`, false);
  }
}

/** Fetches until all bytes are there. @returns the number of attempts. */
async function fetchWhole(part: PartialFile, options: DownloadOptions): Promise<number> {
  const { url, maxBytes, signal, retryDelay = 500 } = options;
  const timeouts = options.timeouts ?? { answer: 5_000, stall: 30_000 };
  const onProgress = guarded(options.onProgress);
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

/** A callback whose exceptions end the download and are told apart from its own. */
function guarded(onProgress: ByteProgress | undefined): ByteProgress {
  return (bytes, total) => {
    try {
      onProgress?.(bytes, total);
    } catch (error) {
      throw stoppedBy("onProgress", error);
    }
  };
}
