import { throwIfAborted } from "../errors/abort.js";
import { writeAtomically } from "../files/atomic-file.js";
import type { NamedTensor } from "../tensor/named-tensor.js";
import { PickleWriter } from "./pickle-writer.js";
import { ZipWriter } from "./zip-writer.js";

/** Alignment of storages in bytes, as in PyTorch. */
const alignment = 64;

/** The archive's folder. PyTorch accepts any name. */
const folder = "archive";

/**
 * Writes state dicts to a `torch.save` file in the zip format, as a dictionary of `OrderedDict`s of tensors. The write
 * is atomic and does not copy the tensors. In Python, `torch.load(path, weights_only=True)` reads the file.
 *
 * @param stateDicts By name. The tensors must be contiguous and little-endian, and their names unique.
 * @throws ReverseDistillationError `NOT_FOUND` if the folder does not exist, `IO`, `ABORTED`.
 */
export async function writeTorchFile(
  path: string,
  stateDicts: Readonly<Record<string, readonly NamedTensor[]>>,
  signal?: AbortSignal,
): Promise<void> {
  const pickle = new PickleWriter();
  const storages: Uint8Array[] = [];
  pickle.dict(() => {
    for (const [key, tensors] of Object.entries(stateDicts)) {
      pickle.text(key);
      pickle.orderedDict(() => {
        for (const { name, dtype, shape, data } of tensors) {
          pickle.text(name);
          pickle.tensor(String(storages.length), dtype, shape);
          storages.push(data);
        }
      });
    }
  });
  await writeAtomically(path, async (file) => {
    const archive = new ZipWriter(file, alignment);
    const add = (name: string, content: Uint8Array) => archive.add(`${folder}/${name}`, content);
    await add("data.pkl", pickle.finish());
    await add(".format_version", Buffer.from("1"));
    await add(".storage_alignment", Buffer.from(String(alignment)));
    await add("byteorder", Buffer.from("little"));
    for (const [key, data] of storages.entries()) {
      throwIfAborted(signal);
      await add(`data/${key}`, data);
    }
    await add("version", Buffer.from("3\n"));
    await archive.finish();
  });
}
