import { realpath, stat } from "node:fs/promises";
import { ReverseDistillationError } from "../errors/error.js";
import { ioError } from "./io-error.js";
import { nameOf, printable, systemPath } from "./system-path.js";

/** A file, and what messages call it: "the model", "the training image". */
export interface NamedFile {
  name: string;
  path: string;
}

/**
 * Checks that no output would overwrite an input. Call it before doing any work. Two paths are the same file if their
 * real paths or their device and inode are equal, which covers symbolic links, hard links, `..` and file systems that
 * ignore case. Files that do not exist never collide.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming both paths; `IO` if an output cannot be examined.
 */
export async function requireSeparate(
  outputs: Iterable<NamedFile>,
  inputs: Iterable<NamedFile>,
): Promise<void> {
  const written = new Map<string, NamedFile>();
  for (const output of outputs) for (const key of await identities(output.path)) written.set(key, output);
  if (written.size === 0) return;
  for (const input of inputs) {
    // An input that cannot be examined fails later, when it is read.
    const keys = await identities(input.path).catch(() => []);
    const output = keys.map((key) => written.get(key)).find((found) => found !== undefined);
    if (output !== undefined) throw overwrites(output, input);
  }
}

/** Keys that identify an existing file; empty if it does not exist. */
export async function identities(path: string): Promise<string[]> {
  try {
    const name = systemPath(path);
    const [{ dev, ino }, real] = await Promise.all([
      stat(name, { bigint: true }),
      realpath(name, { encoding: "buffer" }),
    ]);
    return [`${dev}:${ino}`, nameOf(real)];
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw ioError(error, "Examining the file", path);
  }
}

function overwrites(output: NamedFile, input: NamedFile): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `Cannot write ${output.name} to ${printable(output.path)}: it would overwrite ${input.name} ${printable(input.path)}. ` +
      "Choose another path.",
  );
}
