import type { FileHandle } from "node:fs/promises";
import { show } from "../errors/validate.js";
import { readBytes } from "../files/bytes.js";
import { invalidFile } from "../files/invalid-file.js";
import { maxPickleLength, type TorchContainer } from "./container.js";
import { findGlobal, quoted, StorageTable, storageBytes } from "./globals.js";
import { PickleEndError, PickleError } from "./pickle-error.js";
import { unpickle } from "./pickle.js";
import type { PickleValue, TorchStorage } from "./values.js";

/** The number that the legacy format starts with. */
const magic = 0x1950a86a20f9469cfc6cn;

/** The bytes of the magic number in its pickle, lowest first. */
const magicBytes = Buffer.from("6cfc9c46f9206aa85019", "hex");

/** The version number that `torch.save` writes in this format. */
const protocolVersion = 1001;

/** How much is read first, in bytes. */
const firstWindow = 2 ** 16;

/** Whether a file starts like one in the legacy format, with any pickle protocol. */
export function isLegacy(start: Buffer): boolean {
  return start[0] === 0x80 && start.subarray(0, 32).includes(magicBytes);
}

/**
 * Opens the legacy format of `torch.save`: pickles of the magic number, the version, system information, the saved
 * object and the keys of the storages; then the storages in that order, each preceded by its number of elements.
 * Numbers are little-endian on every machine.
 *
 * @throws ReverseDistillationError `INVALID_FILE`, `ABORTED`; PickleError; or what Node.js throws.
 */
export async function openLegacyContainer(
  path: string,
  handle: FileHandle,
  fileSize: number,
  signal?: AbortSignal,
): Promise<TorchContainer> {
  const { content, table, keys, end } = await readPickles(path, handle, fileSize, signal);
  const positions = new Map<string, number>();
  let position = end;
  for (const key of keys) {
    const storage = table.storages.get(key);
    if (storage === undefined || positions.has(key))
      throw invalidFile(
        path,
        `is damaged: its storage ${quoted(key)} is listed twice, or is not used by its content.`,
      );
    const begin = position + 8;
    position = begin + storageBytes(storage);
    if (position > fileSize)
      throw invalidFile(
        path,
        `is truncated: it should have at least ${position} bytes but has ${fileSize}. Copy it again.`,
      );
    const length = (await readBytes(path, handle, begin - 8, 8)).readBigUInt64LE();
    if (length !== BigInt(storage.length))
      throw invalidFile(
        path,
        `is damaged: a storage should have ${storage.length} elements but has ${length}.`,
      );
    positions.set(key, begin);
  }
  if (positions.size < table.storages.size)
    throw invalidFile(path, "is damaged: storages that its content uses are missing.");
  return { content, locate: ({ key }: TorchStorage) => Promise.resolve(positions.get(key)!) };
}

interface Pickles {
  content: PickleValue;
  table: StorageTable;
  keys: string[];
  end: number;
}

/** The length of the pickles is only known once they are read, so a window that is too short is doubled. */
async function readPickles(
  path: string,
  handle: FileHandle,
  fileSize: number,
  signal: AbortSignal | undefined,
): Promise<Pickles> {
  for (let window = firstWindow; ; window *= 2) {
    const bytes = await readBytes(path, handle, 0, Math.min(window, fileSize));
    try {
      return await parsePickles(bytes, signal);
    } catch (error) {
      if (!(error instanceof PickleEndError) || window >= fileSize) throw error;
      if (window >= maxPickleLength)
        throw new PickleError(
          `contains more than ${maxPickleLength} bytes of pickles, too many for a file of tensors`,
        );
    }
  }
}

async function parsePickles(bytes: Buffer, signal: AbortSignal | undefined): Promise<Pickles> {
  const table = new StorageTable();
  let end = 0;
  const next = async (): Promise<PickleValue> => {
    const pickle = await unpickle(bytes, end, { findGlobal, persistent: (id) => table.find(id) }, signal);
    end = pickle.end;
    return pickle.value;
  };
  if ((await next()) !== magic) throw new PickleError("was not written by PyTorch's torch.save");
  const version = await next();
  if (version !== protocolVersion)
    throw new PickleError(
      `has version ${show(version)} of PyTorch's legacy format; supported: ${protocolVersion}`,
    );
  await next(); // Information about the system that wrote it, which does not affect the values.
  const content = await next();
  const keys = await next();
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === "string"))
    throw new PickleError("is damaged: it does not list its storages");
  return { content, table, keys, end };
}
