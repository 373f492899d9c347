import type { FileHandle } from "node:fs/promises";
import { readBytes } from "../files/bytes.js";
import { invalidFile } from "../files/invalid-file.js";
import { maxPickleLength, type TorchContainer } from "./container.js";
import { findGlobal, quoted, StorageTable, storageBytes } from "./globals.js";
import { unpickle } from "./pickle.js";
import type { PickleValue } from "./values.js";
import { locateZipEntry, readZipDirectory, type ZipEntry } from "./zip.js";

/**
 * Opens the format of `torch.save` since PyTorch 1.6: a zip archive with one folder that contains `data.pkl`,
 * `byteorder`, and one `data/<key>` per storage.
 *
 * @throws ReverseDistillationError `INVALID_FILE`, `ABORTED`; PickleError; or what Node.js throws.
 */
export async function openZipContainer(
  path: string,
  handle: FileHandle,
  fileSize: number,
  signal?: AbortSignal,
): Promise<TorchContainer> {
  const entries = await readZipDirectory(path, handle, fileSize, signal);
  const folder = findFolder(path, entries);
  const read = async (name: string, limit: number): Promise<Buffer | undefined> => {
    const entry = entries.get(folder + name);
    if (entry === undefined) return undefined;
    const position = await locateZipEntry(path, handle, fileSize, entry);
    if (entry.byteLength > limit)
      throw invalidFile(path, `contains a ${name} of ${entry.byteLength} bytes; the limit is ${limit}.`);
    return readBytes(path, handle, position, entry.byteLength);
  };

  const order = (await read("byteorder", 16))?.toString("latin1") ?? "little";
  if (order !== "little")
    throw invalidFile(
      path,
      `has the byte order ${JSON.stringify(order)}; only "little" is supported. Save it on a little-endian machine.`,
    );
  const table = new StorageTable();
  const pickle = (await read("data.pkl", maxPickleLength))!;
  const world = { findGlobal, persistent: (id: PickleValue) => table.find(id) };
  const { value } = await unpickle(pickle, 0, world, signal);

  for (const storage of table.storages.values()) {
    const name = `${folder}data/${storage.key}`;
    const held = entries.get(name)?.byteLength;
    if (held === undefined) throw invalidFile(path, `is damaged: its storage ${quoted(name)} is missing.`);
    if (held !== storageBytes(storage))
      throw invalidFile(
        path,
        `is damaged: its storage ${quoted(name)} should have ${storageBytes(storage)} bytes but has ${held}.`,
      );
  }
  const locate = ({ key }: { key: string }) =>
    locateZipEntry(path, handle, fileSize, entries.get(`${folder}data/${key}`)!);
  return { content: value, locate };
}

/** The archive's folder, with a trailing slash. PyTorch names it after the file that it writes. */
function findFolder(path: string, entries: ReadonlyMap<string, ZipEntry>): string {
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1)
    throw invalidFile(
      path,
      "is a zip archive, but was not written by torch.save: " +
        `it contains ${pickles.length} data.pkl files instead of one.`,
    );
  const folder = pickle.slice(0, pickle.length - "data.pkl".length);
  if (entries.has(`${folder}constants.pkl`))
    throw invalidFile(
      path,
      "is a TorchScript program. In Python, save its tensors: torch.save(torch.jit.load(path).state_dict(), other).",
    );
  return folder;
}
