import { ReverseDistillationError } from "../errors/error.js";

/**
 * Turns an error of `node:fs` into this package's: `NOT_FOUND` for what does not exist, `IO` for the rest.
 *
 * @param doing What was being done, beginning a sentence: "Reading the model file".
 */
export function ioError(error: unknown, doing: string, path: string): ReverseDistillationError {
  if (error instanceof ReverseDistillationError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : reasons[code];
  return new ReverseDistillationError(
    code === "ENOENT" ? "NOT_FOUND" : "IO",
    `${doing} failed: ${path}: ${reason ?? message ?? String(error)}.`,
    { cause: error },
  );
}

const reasons: Record<string, string> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  ENOSPC: "no space is left on the device",
  EROFS: "the file system is read-only",
  EMFILE: "too many files are open in this process",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
};
