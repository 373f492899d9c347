import type { FileHandle } from "node:fs/promises";
import { readBytes } from "../files/bytes.js";
import { invalidFile } from "../files/invalid-file.js";
import { ioError } from "../files/io-error.js";
import { openRegularFile } from "../files/regular-file.js";
import type { NamedTensor } from "../tensor/named-tensor.js";
import { supportedDtype } from "../tensor/supported-dtype.js";
import { maxHeaderLength, parseHeader, prefixLength, type Header, type TensorEntry } from "./header.js";

/**
 * An open safetensors file. Opening it reads and validates the header. Tensors are read one at a time, so that files
 * of any size can be read.
 */
export class SafetensorsFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** By name, in file order. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly #handle: FileHandle;
  readonly #signal: AbortSignal | undefined;

  private constructor(path: string, handle: FileHandle, header: Header, signal: AbortSignal | undefined) {
    this.path = path;
    this.#handle = handle;
    this.#signal = signal;
    this.metadata = header.metadata;
    this.tensors = header.tensors;
  }

  /**
   * @param signal Ends the reading of the header and, later, of the tensors.
   * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `ABORTED`, or `INVALID_FILE` if it is damaged or of another kind.
   */
  static async open(path: string, signal?: AbortSignal): Promise<SafetensorsFile> {
    try {
      const handle = await openRegularFile(path);
      try {
        return new SafetensorsFile(path, handle, await readHeader(path, handle, signal), signal);
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw ioError(error, "Reading", path);
    }
  }

  /** @throws ReverseDistillationError `INVALID_FILE` if the dtype is not supported, `IO`, `ABORTED`. */
  async read(entry: TensorEntry): Promise<NamedTensor> {
    const { name, shape, offset, byteLength } = entry;
    const dtype = supportedDtype(this.path, name, entry.dtype);
    try {
      const data = await readBytes(this.path, this.#handle, offset, byteLength, this.#signal);
      return { name, dtype, shape: [...shape], data };
    } catch (error) {
      throw ioError(error, "Reading", this.path);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function readHeader(
  path: string,
  handle: FileHandle,
  signal: AbortSignal | undefined,
): Promise<Header> {
  const { size } = await handle.stat();
  if (size === 0) throw invalidFile(path, "is empty.");
  if (size < prefixLength) throw invalidFile(path, `is not a safetensors file: it has only ${size} bytes.`);
  const prefix = await readBytes(path, handle, 0, prefixLength);
  if (prefix.toString("latin1", 0, 4) === "PK\x03\x04") {
    throw invalidFile(
      path,
      "is a zip archive, not a safetensors file. If it is a PyTorch checkpoint (.pth), open it with " +
        "Detector.fromCheckpoint() or `reverse-distillation import`.",
    );
  }
  const length = prefix.readBigUInt64LE();
  if (length > maxHeaderLength) {
    throw invalidFile(path, `is not a safetensors file: its header would have ${length} bytes.`);
  }
  if (prefixLength + Number(length) > size) {
    const needed = prefixLength + Number(length);
    throw invalidFile(
      path,
      `is truncated, or is not a safetensors file: its header ends at byte ${needed}, but it has ${size} bytes.`,
    );
  }
  const bytes = await readBytes(path, handle, prefixLength, Number(length), signal);
  return parseHeader(path, bytes, size, signal);
}
