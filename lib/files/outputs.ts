import { realpath, stat } from "node:fs/promises";
import { ReverseDistillationError } from "../errors/error.js";
import { ioError } from "./io-error.js";

/** A file, and what messages call it: "the model", "the training image". */
export interface NamedFile {
  name: string;
  path: string;
}

/**
 * Refuses to write over what is read. Two paths are the same file if their real paths or their device and inode are
 * equal, so symbolic links, hard links, `..` and file systems that ignore case are all seen through. Call it before
 * any work is done.
 *
 * Files that do not exist collide with nothing.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming both paths; `IO` if an output cannot be looked at.
 */
export async function requireSeparate(
  outputs: Iterable<NamedFile>,
  inputs: Iterable<NamedFile>,
): Promise<void> {
  const written = new Map<string, NamedFile>();
  for (const output of outputs) for (const key of await identities(output.path)) written.set(key, output);
  if (written.size === 0) return;
  for (const input of inputs) {
    // An input that cannot be looked at fails where it is read.
    const keys = await identities(input.path).catch(() => []);
    const output = keys.map((key) => written.get(key)).find((found) => found !== undefined);
    if (output !== undefined) throw overwrites(output, input);
  }
}

/** What tells an existing file from all others; empty if there is none. */
export async function identities(path: string): Promise<string[]> {
  try {
    const [{ dev, ino }, real] = await Promise.all([stat(path, { bigint: true }), realpath(path)]);
    return [`${dev}:${ino}`, real];
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw ioError(error, "Looking at the file", path);
  }
}

function overwrites(output: NamedFile, input: NamedFile): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `Cannot write ${output.name} to ${output.path}: it would overwrite ${input.name} ${input.path}. Choose another path.`,
  );
}
