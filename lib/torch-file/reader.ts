import type { FileHandle } from "node:fs/promises";
import { readBytes } from "../files/bytes.js";
import { invalidFile } from "../files/invalid-file.js";
import { ioError } from "../files/io-error.js";
import { openRegularFile } from "../files/regular-file.js";
import { elementSize } from "../tensor/element-size.js";
import type { NamedTensor } from "../tensor/named-tensor.js";
import { supportedDtype } from "../tensor/supported-dtype.js";
import type { TorchContainer } from "./container.js";
import { gather } from "./gather.js";
import { isLegacy, openLegacyContainer } from "./legacy-container.js";
import { PickleError } from "./pickle-error.js";
import { isContiguous, lastElement } from "./tensor.js";
import type { PickleValue, TorchTensor } from "./values.js";
import { openZipContainer } from "./zip-container.js";
import { isZip } from "./zip.js";

/** How many bytes it takes to recognise a file. */
const startLength = 32;

/** Whether a file starts like one written by `torch.save`, in either format. */
export function looksLikeTorchFile(start: Buffer): boolean {
  return isZip(start) || isLegacy(start);
}

/**
 * An open file of PyTorch's `torch.save`, in the zip format or the legacy one. Opening it reads its structure with a
 * restricted reader, which creates tensors, dictionaries, lists, strings and numbers, and runs no code. Tensors are
 * read one at a time, so that files of any size can be read.
 */
export class TorchFile {
  readonly path: string;
  /** The saved object. */
  readonly content: PickleValue;
  readonly #handle: FileHandle;
  readonly #locate: TorchContainer["locate"];
  readonly #signal: AbortSignal | undefined;

  private constructor(
    path: string,
    handle: FileHandle,
    { content, locate }: TorchContainer,
    signal: AbortSignal | undefined,
  ) {
    this.path = path;
    this.#signal = signal;
    this.content = content;
    this.#handle = handle;
    this.#locate = locate;
  }

  /**
   * @param signal Ends the reading of the structure and, later, of the tensors.
   * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `ABORTED`, or `INVALID_FILE` if the file is damaged, is of another kind,
   * or asks for a class that is not allowed.
   */
  static async open(path: string, signal?: AbortSignal): Promise<TorchFile> {
    try {
      const handle = await openRegularFile(path);
      try {
        return new TorchFile(path, handle, await openContainer(path, handle, signal), signal);
      } catch (error) {
        await handle.close();
        throw error instanceof PickleError ? invalidFile(path, `${error.message}.`, error) : error;
      }
    } catch (error) {
      throw ioError(error, "Reading", path);
    }
  }

  /**
   * Reads a tensor of the content, in row-major order.
   *
   * @param name The name to give the result.
   * @throws ReverseDistillationError `INVALID_FILE` if the dtype is not supported, `IO`, `ABORTED`.
   */
  async read(name: string, tensor: TorchTensor): Promise<NamedTensor> {
    const dtype = supportedDtype(this.path, name, tensor.dtype);
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
    const bytes = await readBytes(this.path, this.#handle, position, span * size, this.#signal);
    return isContiguous(tensor) ? bytes : gather(bytes, size, tensor);
  }
}

async function openContainer(
  path: string,
  handle: FileHandle,
  signal: AbortSignal | undefined,
): Promise<TorchContainer> {
  const { size } = await handle.stat();
  if (size === 0) throw invalidFile(path, "is empty.");
  const start = await readBytes(path, handle, 0, Math.min(size, startLength));
  if (isZip(start)) return openZipContainer(path, handle, size, signal);
  if (isLegacy(start)) return openLegacyContainer(path, handle, size, signal);
  throw invalidFile(path, "was not written by PyTorch's torch.save.");
}
