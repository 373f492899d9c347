import type { FileHandle } from "node:fs/promises";
import { ReverseDistillationError } from "../errors/error.js";

/** What one call of the system is asked for, in bytes: Node refuses 2 GiB and more. */
const maxTransfer = 2 ** 30;

/**
 * Reads a range of a file into memory of its own, so that elements of any type are aligned in it.
 *
 * @throws ReverseDistillationError `INVALID_FILE` if the file ends before the range does; what Node throws.
 */
export async function readBytes(
  path: string,
  handle: FileHandle,
  position: number,
  length: number,
): Promise<Buffer<ArrayBuffer>> {
  // A slice of Node's pool would begin anywhere.
  const buffer = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(
      buffer,
      done,
      Math.min(length - done, maxTransfer),
      position + done,
    );
    if (bytesRead === 0) {
      throw new ReverseDistillationError(
        "INVALID_FILE",
        `${path} was cut short while it was read, at byte ${position + done}.`,
      );
    }
    done += bytesRead;
  }
  return buffer;
}

/** Writes all bytes at the file's current position. */
export async function writeBytes(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.byteLength - done, maxTransfer));
    done += bytesWritten;
  }
}
