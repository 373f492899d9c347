import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** An array in the IDX format of the MNIST family: bytes in row-major order. */
export interface IdxArray {
  shape: number[];
  data: Uint8Array;
}

/**
 * Reads an IDX file of unsigned bytes, plain or gzipped.
 *
 * @param name Without ".gz", such as "train-images-idx3-ubyte".
 * @throws Error if there is neither file, or it is damaged or of another kind.
 */
export async function readIdx(folder: string, name: string): Promise<IdxArray> {
  const path = join(folder, name);
  const stored = (await readIfThere(path)) ?? (await readIfThere(`${path}.gz`));
  if (stored === undefined) throw new Error(`Neither ${path} nor ${path}.gz exists.`);
  const gzipped = stored[0] === 0x1f && stored[1] === 0x8b;
  return parseIdx(path, gzipped ? gunzipSync(stored) : stored);
}

/** The header: two zeros, the type (8: unsigned byte), the number of dimensions, and their sizes as big-endian uint32. */
function parseIdx(path: string, bytes: Buffer): IdxArray {
  const dimensions = bytes[3] ?? 0;
  const begin = 4 + 4 * dimensions;
  if (bytes.length < begin || bytes.readUInt16BE(0) !== 0 || bytes[2] !== 8 || dimensions === 0) {
    throw new Error(`${path} is not an IDX file of unsigned bytes.`);
  }
  const shape = Array.from({ length: dimensions }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== begin + size) {
    throw new Error(
      `${path} should have ${begin + size} bytes according to its header but has ${bytes.length}.`,
    );
  }
  // A copy, because memory lent to the addon must not be in Node's pool.
  return { shape, data: new Uint8Array(bytes.subarray(begin)) };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
