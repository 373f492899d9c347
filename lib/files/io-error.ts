import { ReverseDistillationError } from "../errors/error.js";
import { messageOf } from "../errors/message-of.js";
import { printable } from "./system-path.js";

/**
 * Converts an error of `node:fs` to `NOT_FOUND` if a path does not exist, otherwise to `IO`. An error of this package
 * is returned unchanged.
 *
 * @param doing What was being done, as the beginning of a sentence: "Reading the model file".
 */
export function ioError(error: unknown, doing: string, path: string): ReverseDistillationError {
  if (error instanceof ReverseDistillationError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : reasons[code];
  return new ReverseDistillationError(
    code === "ENOENT" ? "NOT_FOUND" : "IO",
    `${doing} failed: ${printable(path)}: ${reason ?? printable(messageOf(error)).replace(/\.+$/, "")}.`,
    { cause: error },
  );
}

const reasons: Record<string, string> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
  EMFILE: "this process has too many open files",
  ENAMETOOLONG: "the name is too long",
  ENXIO: "it is a socket or a device that is not there",
  ELOOP: "too many symbolic links",
};
