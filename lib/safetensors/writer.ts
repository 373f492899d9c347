import type { FileHandle } from "node:fs/promises";
import { throwIfAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import { writeAtomically } from "../files/atomic-file.js";
import { writeBytes } from "../files/bytes.js";
import { elementCount } from "../tensor/element-count.js";
import { elementSize } from "../tensor/element-size.js";
import type { NamedTensor } from "../tensor/named-tensor.js";

/**
 * Writes tensors and metadata to a safetensors file, atomically and without copying the tensors. The header is padded
 * so that the data starts at a multiple of 8 bytes. Tensors are sorted by descending element size, which aligns all of
 * them, and then by name.
 *
 * @param options As those of `writeAtomically`.
 * @throws ReverseDistillationError `NOT_FOUND` if the folder does not exist, `IO`, `ABORTED`.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
  signal?: AbortSignal,
  options?: { keepPrevious: boolean },
): Promise<void> {
  const ordered = [...tensors].sort(
    (a, b) => elementSize[b.dtype]! - elementSize[a.dtype]! || (a.name < b.name ? -1 : 1),
  );
  const header = encodeHeader(ordered, metadata);
  const write = async (file: FileHandle) => {
    await writeBytes(file, header);
    for (const { data } of ordered) {
      throwIfAborted(signal);
      await writeBytes(file, data);
    }
  };
  await writeAtomically(path, write, options);
}

function encodeHeader(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>>): Buffer {
  // Only in an object without a prototype is a name like "__proto__" an ordinary key.
  const content: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  content.__metadata__ = metadata;
  let end = 0;
  for (const { name, dtype, shape, data } of tensors) {
    const expected = elementSize[dtype]! * elementCount(shape);
    if (name in content || expected !== data.byteLength) {
      throw new ReverseDistillationError(
        "INTERNAL",
        `The tensor "${name}" occurs twice, or its data does not match its shape.`,
      );
    }
    content[name] = { dtype, shape, data_offsets: [end, (end += data.byteLength)] };
  }
  const json = Buffer.from(JSON.stringify(content));
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, " ");
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  return header;
}
