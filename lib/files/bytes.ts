import type { FileHandle } from "node:fs/promises";
import { throwIfAborted } from "../errors/abort.js";
import { invalidFile } from "./invalid-file.js";

/** Bytes per system call. The signal is checked before each, and Node.js rejects 2 GiB and more. */
const maxTransfer = 2 ** 24;

/**
 * Reads a range of a file into a buffer of its own, in which elements of any type are aligned.
 *
 * @throws ReverseDistillationError `INVALID_FILE` if the file ends within the range, `ABORTED`; or what Node.js throws.
 */
export async function readBytes(
  path: string,
  handle: FileHandle,
  position: number,
  length: number,
  signal?: AbortSignal,
): Promise<Buffer<ArrayBuffer>> {
  // Buffers from Node's pool start at arbitrary offsets.
  const buffer = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length;) {
    throwIfAborted(signal);
    const { bytesRead } = await handle.read(
      buffer,
      done,
      Math.min(length - done, maxTransfer),
      position + done,
    );
    if (bytesRead === 0) {
      throw invalidFile(path, `was truncated at byte ${position + done} while it was being read.`);
    }
    done += bytesRead;
  }
  return buffer;
}

/** Writes all bytes at the current position of the file. */
export async function writeBytes(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.byteLength - done, maxTransfer));
    done += bytesWritten;
  }
}
