import type { FileHandle } from "node:fs/promises";
import { readBytes } from "../files/bytes.js";
import { invalidFile } from "../files/invalid-file.js";
import { maxPickleLength, type TorchContainer } from "./container.js";
import { findGlobal, StorageTable, storageBytes } from "./globals.js";
import { unpickle } from "./pickle.js";
import { locateZipEntry, readZipDirectory, type ZipEntry } from "./zip.js";

/**
 * Opens the form that `torch.save` has written since PyTorch 1.6: a zip archive of one folder with
 * `data.pkl`, `byteorder`, and a storage each as `data/<key>`.
 *
 * @throws ReverseDistillationError `INVALID_FILE`; PickleError; what Node throws.
 */
export async function openZipContainer(
  path: string,
  handle: FileHandle,
  fileSize: number,
): Promise<TorchContainer> {
  const entries = await readZipDirectory(path, handle, fileSize);
  const folder = findFolder(path, entries);
  const read = async (name: string, limit: number): Promise<Buffer | undefined> => {
    const entry = entries.get(folder + name);
    if (entry === undefined) return undefined;
    const position = await locateZipEntry(path, handle, fileSize, entry);
    if (entry.byteLength > limit)
      throw invalidFile(path, `holds a ${name} of ${entry.byteLength} bytes; at most ${limit} are read.`);
    return readBytes(path, handle, position, entry.byteLength);
  };

  const order = (await read("byteorder", 16))?.toString("latin1") ?? "little";
  if (order !== "little")
    throw invalidFile(
      path,
      `holds numbers in the byte order ${JSON.stringify(order)}; what can be read is "little". Save it on such a machine.`,
    );
  const table = new StorageTable();
  const pickle = (await read("data.pkl", maxPickleLength))!;
  const { value } = unpickle(pickle, 0, { findGlobal, persistent: (id) => table.find(id) });

  for (const storage of table.storages.values()) {
    const name = `${folder}data/${storage.key}`;
    const held = entries.get(name)?.byteLength;
    if (held === undefined)
      throw invalidFile(path, `is damaged: it lacks its storage ${JSON.stringify(name)}.`);
    if (held !== storageBytes(storage))
      throw invalidFile(
        path,
        `is damaged: its storage ${JSON.stringify(name)} should take ${storageBytes(storage)} bytes, but takes ${held}.`,
      );
  }
  const locate = ({ key }: { key: string }) =>
    locateZipEntry(path, handle, fileSize, entries.get(`${folder}data/${key}`)!);
  return { content: value, locate };
}

/** The name of the folder, with its slash: the archive's name when it was saved. */
function findFolder(path: string, entries: ReadonlyMap<string, ZipEntry>): string {
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1)
    throw invalidFile(
      path,
      `is a zip archive, but not one of torch.save: it holds ${pickles.length} files data.pkl instead of one.`,
    );
  const folder = pickle.slice(0, pickle.length - "data.pkl".length);
  if (entries.has(`${folder}constants.pkl`))
    throw invalidFile(
      path,
      "is a TorchScript program. In Python, save its tensors: torch.save(torch.jit.load(path).state_dict(), other).",
    );
  return folder;
}
