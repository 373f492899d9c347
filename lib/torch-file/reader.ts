import { open, type FileHandle } from "node:fs/promises";
import { readBytes } from "../files/bytes.js";
import { invalidFile } from "../files/invalid-file.js";
import { ioError } from "../files/io-error.js";
import { elementSize } from "../tensor/element-size.js";
import type { NamedTensor, TensorDtype } from "../tensor/named-tensor.js";
import type { TorchContainer } from "./container.js";
import { gather } from "./gather.js";
import { isLegacy, openLegacyContainer } from "./legacy-container.js";
import { PickleError } from "./pickle-error.js";
import { isContiguous, lastElement } from "./tensor.js";
import type { PickleValue, TorchTensor } from "./values.js";
import { openZipContainer } from "./zip-container.js";
import { isZip } from "./zip.js";

const readableDtypes: readonly TensorDtype[] = ["F64", "F32", "F16", "BF16", "I64", "I32", "U8"];

/** Bytes by whose look a file is recognised. */
const startLength = 32;

/** Whether a file begins as one of `torch.save` does, in either of its forms. */
export function looksLikeTorchFile(start: Buffer): boolean {
  return isZip(start) || isLegacy(start);
}

/**
 * A file of PyTorch's `torch.save` that is open, in the zip form or the older one. What it describes is
 * read when it is opened, by a restricted reader that makes tensors, dictionaries, lists, text and numbers
 * and runs nothing; the tensors' values are read one by one, so that files of any size can be read.
 */
export class TorchFile {
  readonly path: string;
  /** What was saved. */
  readonly content: PickleValue;
  readonly #handle: FileHandle;
  readonly #locate: TorchContainer["locate"];

  private constructor(path: string, handle: FileHandle, { content, locate }: TorchContainer) {
    this.path = path;
    this.content = content;
    this.#handle = handle;
    this.#locate = locate;
  }

  /**
   * @throws ReverseDistillationError `NOT_FOUND`, `IO`, or `INVALID_FILE` saying what is wrong with the
   * file, or which class it asks for that is refused.
   */
  static async open(path: string): Promise<TorchFile> {
    try {
      const handle = await open(path, "r");
      try {
        return new TorchFile(path, handle, await openContainer(path, handle));
      } catch (error) {
        await handle.close();
        throw error instanceof PickleError ? invalidFile(path, `${error.message}.`, error) : error;
      }
    } catch (error) {
      throw ioError(error, "Reading", path);
    }
  }

  /**
   * Reads a tensor of the content, its elements in row-major order.
   *
   * @param name The name that the result gets.
   * @throws ReverseDistillationError `INVALID_FILE` if its type is not one that is computed with, `IO`.
   */
  async read(name: string, tensor: TorchTensor): Promise<NamedTensor> {
    const dtype = readableDtypes.find((known) => known === tensor.dtype);
    if (dtype === undefined) {
      const known = readableDtypes.join(", ");
      throw invalidFile(
        this.path,
        `holds the tensor "${name}" as ${tensor.dtype}; what can be read is ${known}.`,
      );
    }
    try {
      return { name, dtype, shape: [...tensor.shape], data: await this.#readElements(tensor) };
    } catch (error) {
      throw ioError(error, "Reading", this.path);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #readElements(tensor: TorchTensor): Promise<Buffer<ArrayBuffer>> {
    if (tensor.shape.includes(0)) return Buffer.alloc(0);
    const size = elementSize[tensor.dtype]!;
    const position = (await this.#locate(tensor.storage)) + tensor.offset * size;
    const span = lastElement(tensor) + 1 - tensor.offset;
    const bytes = await readBytes(this.path, this.#handle, position, span * size);
    return isContiguous(tensor) ? bytes : gather(bytes, size, tensor);
  }
}

async function openContainer(path: string, handle: FileHandle): Promise<TorchContainer> {
  const { size } = await handle.stat();
  if (size === 0) throw invalidFile(path, "is empty.");
  const start = await readBytes(path, handle, 0, Math.min(size, startLength));
  if (isZip(start)) return openZipContainer(path, handle, size);
  if (isLegacy(start)) return openLegacyContainer(path, handle, size);
  throw invalidFile(path, "is not a file of PyTorch's torch.save.");
}
