import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { throwIfAborted } from "../errors/abort.js";
import { writeBytes } from "../files/bytes.js";
import type { Initializer } from "./graph.js";
import { readWhole, type ExternalPlace } from "./model-writer.js";

/** Smaller constants stay in the model, in bytes: readers need shapes and indices for shape inference. */
const smallestExternal = 1024;

/** Alignment of tensors, in bytes: one page, so that the file can be mapped into memory. */
const alignment = 4096;

/** Constants stored in a separate file next to the model. */
export class ExternalData {
  readonly #initializers: readonly Initializer[];
  /** Position of each constant, by name. */
  readonly places: ReadonlyMap<string, ExternalPlace>;

  /** @param location Name of the file. */
  constructor(initializers: readonly Initializer[], location: string) {
    this.#initializers = initializers.filter(({ byteLength }) => byteLength >= smallestExternal);
    const places = new Map<string, ExternalPlace>();
    let end = 0;
    for (const { name, byteLength } of this.#initializers) {
      const offset = Math.ceil(end / alignment) * alignment;
      places.set(name, { location, offset });
      end = offset + byteLength;
    }
    this.places = places;
  }

  /** Writes the file. @throws ReverseDistillationError `ABORTED`, `IO`, or what a constant throws. */
  async write(file: FileHandle, signal?: AbortSignal): Promise<void> {
    let end = 0;
    for (const initializer of this.#initializers) {
      throwIfAborted(signal);
      const { offset } = this.places.get(initializer.name)!;
      await writeBytes(file, new Uint8Array(offset - end));
      await writeBytes(file, await readWhole(initializer));
      end = offset + initializer.byteLength;
    }
  }
}

/**
 * The name of a model's data file. It depends on the content, so that a new data file does not overwrite the one that
 * the old model refers to, and renaming the model replaces both.
 *
 * @param identity Text that identifies the content.
 */
export function dataFileName(modelPath: string, identity: string): string {
  const digest = createHash("sha256").update(identity).digest("hex").slice(0, 16);
  return `${basename(modelPath)}.${digest}.data`;
}

/** Paths of all data files of a model, current or not. An export replaces or removes them. */
export async function dataFilesOf(modelPath: string): Promise<string[]> {
  const prefix = `${basename(modelPath)}.`;
  const names = await readdir(dirname(modelPath));
  return names
    .filter((name) => name.startsWith(prefix) && /^[0-9a-f]{16}\.data$/.test(name.slice(prefix.length)))
    .map((name) => join(dirname(modelPath), name));
}

/** Removes outdated data files of a model. @param current Name of the one that the model refers to, if any. */
export async function removeStaleData(modelPath: string, current?: string): Promise<void> {
  for (const path of await dataFilesOf(modelPath))
    if (basename(path) !== current) await rm(path, { force: true });
}
