import type { FileHandle } from "node:fs/promises";
import { show } from "../errors/validate.js";
import { readBytes } from "../files/bytes.js";
import { invalidFile } from "../files/invalid-file.js";
import { maxPickleLength, type TorchContainer } from "./container.js";
import { findGlobal, StorageTable, storageBytes } from "./globals.js";
import { PickleEndError, PickleError } from "./pickle-error.js";
import { unpickle } from "./pickle.js";
import type { PickleValue, TorchStorage } from "./values.js";

/** The number that the older form begins with. */
const magic = 0x1950a86a20f9469cfc6cn;

/** The magic number's bytes within its pickle, from the lowest. */
const magicBytes = Buffer.from("6cfc9c46f9206aa85019", "hex");

/** What `torch.save` writes as the version of this form. */
const protocolVersion = 1001;

/** What is read at first, in bytes; more if the pickles turn out to be longer. */
const firstWindow = 2 ** 16;

/** Whether a file begins as the older form does, whatever the protocol of its pickles. */
export function isLegacy(start: Buffer): boolean {
  return start[0] === 0x80 && start.subarray(0, 32).includes(magicBytes);
}

/**
 * Opens the older form of `torch.save`: pickles of a magic number, a version, facts of the system, the
 * object and the storages' keys, and then the storages in that order, each after its number of
 * elements. Its numbers are little-endian on all machines.
 *
 * @throws ReverseDistillationError `INVALID_FILE`; PickleError; what Node throws.
 */
export async function openLegacyContainer(
  path: string,
  handle: FileHandle,
  fileSize: number,
): Promise<TorchContainer> {
  const { content, table, keys, end } = await readPickles(path, handle, fileSize);
  const positions = new Map<string, number>();
  let position = end;
  for (const key of keys) {
    const storage = table.storages.get(key);
    if (storage === undefined || positions.has(key))
      throw invalidFile(
        path,
        `is damaged: it holds a storage ${JSON.stringify(key)} that its content does not use once.`,
      );
    const begin = position + 8;
    position = begin + storageBytes(storage);
    if (position > fileSize)
      throw invalidFile(
        path,
        `is cut short: it should hold ${position} bytes or more, but holds ${fileSize}. Copy it again.`,
      );
    const length = (await readBytes(path, handle, begin - 8, 8)).readBigUInt64LE();
    if (length !== BigInt(storage.length))
      throw invalidFile(path, `is damaged: a storage of ${storage.length} elements has ${length} of them.`);
    positions.set(key, begin);
  }
  if (positions.size < table.storages.size)
    throw invalidFile(path, "is damaged: it lacks storages that its content uses.");
  return { content, locate: ({ key }: TorchStorage) => Promise.resolve(positions.get(key)!) };
}

interface Pickles {
  content: PickleValue;
  table: StorageTable;
  keys: string[];
  end: number;
}

/** Where pickles end shows only in reading them, so a window that is too short is doubled. */
async function readPickles(path: string, handle: FileHandle, fileSize: number): Promise<Pickles> {
  for (let window = firstWindow; ; window *= 2) {
    const bytes = await readBytes(path, handle, 0, Math.min(window, fileSize));
    try {
      return parsePickles(bytes);
    } catch (error) {
      if (!(error instanceof PickleEndError) || window >= fileSize) throw error;
      if (window >= maxPickleLength)
        throw new PickleError(
          `holds pickles of more than ${maxPickleLength} bytes, too long for a file of tensors`,
        );
    }
  }
}

function parsePickles(bytes: Buffer): Pickles {
  const table = new StorageTable();
  let end = 0;
  const next = (): PickleValue => {
    const pickle = unpickle(bytes, end, { findGlobal, persistent: (id) => table.find(id) });
    end = pickle.end;
    return pickle.value;
  };
  if (next() !== magic) throw new PickleError("is not a file of torch.save");
  const version = next();
  if (version !== protocolVersion)
    throw new PickleError(
      `has the version ${show(version)} of PyTorch's older form; known is ${protocolVersion}`,
    );
  next(); // Facts of the system that wrote it; the values do not depend on them.
  const content = next();
  const keys = next();
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === "string"))
    throw new PickleError("is damaged: it does not list its storages");
  return { content, table, keys, end };
}
