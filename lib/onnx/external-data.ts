import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { throwIfAborted } from "../errors/abort.js";
import { writeBytes } from "../files/bytes.js";
import type { Initializer } from "./graph.js";
import { readWhole, type ExternalPlace } from "./model-writer.js";

/** Smaller constants stay in the model: shapes and positions among them, which a reader needs to know the shapes. */
const smallestExternal = 1024;

/** Where each tensor begins, a multiple of this, so that a file can be mapped into memory: a page. */
const alignment = 4096;

/** Constants that lie in a file beside the model. */
export class ExternalData {
  readonly #initializers: readonly Initializer[];
  /** By name of the constant. */
  readonly places: ReadonlyMap<string, ExternalPlace>;

  /** @param location The file's name. */
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
 * The name of the data file of a model: by its content, so that a new one does not take the place of the one that
 * the present model refers to, and the pair is replaced by the renaming of the model alone.
 *
 * @param identity Text that tells contents apart.
 */
export function dataFileName(modelPath: string, identity: string): string {
  const digest = createHash("sha256").update(identity).digest("hex").slice(0, 16);
  return `${basename(modelPath)}.${digest}.data`;
}

/** Paths of the data files that lie beside a model, whichever of them it refers to: an export replaces or removes them. */
export async function dataFilesOf(modelPath: string): Promise<string[]> {
  const prefix = `${basename(modelPath)}.`;
  const names = await readdir(dirname(modelPath));
  return names
    .filter((name) => name.startsWith(prefix) && /^[0-9a-f]{16}\.data$/.test(name.slice(prefix.length)))
    .map((name) => join(dirname(modelPath), name));
}

/** Removes data files of a model but the one that it refers to. @param current Its name, if there is one. */
export async function removeStaleData(modelPath: string, current?: string): Promise<void> {
  for (const path of await dataFilesOf(modelPath))
    if (basename(path) !== current) await rm(path, { force: true });
}
