import { invalidFile } from "../files/invalid-file.js";
import { ioError } from "../files/io-error.js";
import { openRegularFile } from "../files/regular-file.js";
import { SafetensorsFile } from "../safetensors/reader.js";
import type { StoredTensor } from "../tensor/match.js";
import type { NamedTensor } from "../tensor/named-tensor.js";
import { looksLikeTorchFile, TorchFile } from "../torch-file/reader.js";
import { asStateDict } from "../torch-file/state-dict.js";

/** An open file of named tensors, in any supported format. */
export interface WeightsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** @param name One of `tensors`. @throws ReverseDistillationError `INVALID_FILE`, `IO` */
  read(name: string): Promise<NamedTensor>;
  close(): Promise<void>;
}

/**
 * Opens a weights file: safetensors, or a state dict written by PyTorch's `torch.save`, bare or as the "state_dict" of
 * a dictionary. The format is detected from the content, not from the file's name.
 *
 * @param signal Ends the reading of the file and, later, of its tensors.
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_FILE`, `ABORTED`
 */
export async function openWeightsFile(path: string, signal?: AbortSignal): Promise<WeightsFile> {
  return looksLikeTorchFile(await readStart(path))
    ? openTorchFile(path, signal)
    : openSafetensors(path, signal);
}

async function readStart(path: string): Promise<Buffer> {
  try {
    const handle = await openRegularFile(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(32), 0, 32, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw ioError(error, "Reading", path);
  }
}

async function openSafetensors(path: string, signal?: AbortSignal): Promise<WeightsFile> {
  const file = await SafetensorsFile.open(path, signal);
  const { tensors } = file;
  return { tensors, read: (name) => file.read(tensors.get(name)!), close: () => file.close() };
}

async function openTorchFile(path: string, signal?: AbortSignal): Promise<WeightsFile> {
  const file = await TorchFile.open(path, signal);
  try {
    const tensors = stateDictOf(file);
    return { tensors, read: (name) => file.read(name, tensors.get(name)!), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function stateDictOf({ path, content }: TorchFile) {
  if (!(content instanceof Map)) return asStateDict(path, "its content", content);
  if (content.has("bn") && content.has("decoder")) {
    throw invalidFile(
      path,
      "is a checkpoint of a bottleneck and a decoder, not the teacher's weights. Open it with " +
        "Detector.fromCheckpoint() or `reverse-distillation import`.",
    );
  }
  const wrapped = content.get("state_dict");
  return wrapped instanceof Map
    ? asStateDict(path, 'its "state_dict"', wrapped)
    : asStateDict(path, "its content", content);
}
