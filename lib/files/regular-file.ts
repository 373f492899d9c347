import { constants as buffers } from "node:buffer";
import { constants, type Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { throwIfAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import { ioError } from "./io-error.js";
import { printable, systemPath } from "./system-path.js";

/**
 * Opens a regular file for reading. Everything else is refused before a byte is read: reading a pipe would occupy one
 * of the few threads that all of the process's files share until somebody writes to it, and a device may never end.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, opening a pipe would already wait for a writer.
    const handle = await open(systemPath(path), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      requireRegular(path, await handle.stat());
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    throw ioError(error, "Reading", path);
  }
}

/** Bytes per system call. The signal is checked before each. */
const step = 2 ** 22;

/** When {@link readRegularFile} does not read a file, or not to its end. */
export interface ReadLimits {
  /** A file with more bytes is refused. */
  maxBytes?: number | undefined;
  /** Why that is the limit, or what to do about it; ends the message. */
  reason?: string | undefined;
  /** Ends the reading. */
  signal?: AbortSignal | undefined;
}

/**
 * Reads a whole regular file.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `ABORTED`
 */
export async function readRegularFile(
  path: string,
  { maxBytes = buffers.MAX_LENGTH, reason, signal }: ReadLimits = {},
): Promise<Buffer<ArrayBuffer>> {
  throwIfAborted(signal);
  const handle = await openRegularFile(path);
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw tooLarge(path, size, maxBytes, reason);
    const content = Buffer.allocUnsafeSlow(size);
    let length = 0;
    while (length < size) {
      throwIfAborted(signal);
      const { bytesRead } = await handle.read(content, length, Math.min(size - length, step), length);
      // Somebody has shortened the file meanwhile.
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return content.subarray(0, length);
  } catch (error) {
    throw ioError(error, "Reading", path);
  } finally {
    await handle.close();
  }
}

function requireRegular(path: string, found: Stats): void {
  if (found.isFile()) return;
  const kind = found.isDirectory()
    ? "a folder"
    : found.isFIFO()
      ? "a pipe"
      : found.isSocket()
        ? "a socket"
        : "a device";
  throw new ReverseDistillationError(
    "IO",
    `Reading failed: ${printable(path)}: it is ${kind}. Give the path of a file.`,
  );
}

function tooLarge(path: string, size: number, maxBytes: number, reason = ""): ReverseDistillationError {
  return new ReverseDistillationError(
    "IO",
    `Reading failed: ${printable(path)}: it has ${size} bytes; at most ${maxBytes} are allowed here${reason}.`,
  );
}
