import { open, type FileHandle } from "node:fs/promises";
import { readBytes } from "../files/bytes.js";
import { invalidFile } from "../files/invalid-file.js";
import { ioError } from "../files/io-error.js";
import type { NamedTensor, TensorDtype } from "../tensor/named-tensor.js";
import { maxHeaderLength, parseHeader, prefixLength, type Header, type TensorEntry } from "./header.js";

const readableDtypes: readonly TensorDtype[] = ["F64", "F32", "F16", "BF16", "I64", "I32", "U8"];

/**
 * A safetensors file that is open. Its header is read and checked when it is opened; the tensors
 * are read one by one, so that files of any size can be read.
 */
export class SafetensorsFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** By name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle, header: Header) {
    this.path = path;
    this.#handle = handle;
    this.metadata = header.metadata;
    this.tensors = header.tensors;
  }

  /** @throws ReverseDistillationError `NOT_FOUND`, `IO`, or `INVALID_FILE` saying what is wrong with the file. */
  static async open(path: string): Promise<SafetensorsFile> {
    try {
      const handle = await open(path, "r");
      try {
        return new SafetensorsFile(path, handle, await readHeader(path, handle));
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw ioError(error, "Reading", path);
    }
  }

  /** @throws ReverseDistillationError `INVALID_FILE` if its type is not one that is computed with, `IO`. */
  async read(entry: TensorEntry): Promise<NamedTensor> {
    const { name, shape, offset, byteLength } = entry;
    const dtype = readableDtypes.find((known) => known === entry.dtype);
    if (dtype === undefined) {
      const known = readableDtypes.join(", ");
      throw invalidFile(
        this.path,
        `holds the tensor "${name}" as ${entry.dtype}; what can be read is ${known}.`,
      );
    }
    try {
      const data = await readBytes(this.path, this.#handle, offset, byteLength);
      return { name, dtype, shape: [...shape], data };
    } catch (error) {
      throw ioError(error, "Reading", this.path);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function readHeader(path: string, handle: FileHandle): Promise<Header> {
  const { size } = await handle.stat();
  if (size === 0) throw invalidFile(path, "is empty.");
  if (size < prefixLength) throw invalidFile(path, `is not a safetensors file: it holds ${size} bytes.`);
  const prefix = await readBytes(path, handle, 0, prefixLength);
  if (prefix.toString("latin1", 0, 4) === "PK\x03\x04") {
    throw invalidFile(
      path,
      "is a zip archive, as PyTorch's .pth files are, not a safetensors file. A checkpoint is opened by " +
        "Detector.fromCheckpoint() or `reverse-distillation import`.",
    );
  }
  const length = prefix.readBigUInt64LE();
  if (length > maxHeaderLength) {
    throw invalidFile(path, `is not a safetensors file: its header would take ${length} bytes.`);
  }
  if (prefixLength + Number(length) > size) {
    const needed = prefixLength + Number(length);
    throw invalidFile(
      path,
      `is cut short, or not a safetensors file: its header takes ${needed} bytes of ${size}.`,
    );
  }
  return parseHeader(path, await readBytes(path, handle, prefixLength, Number(length)), size);
}
