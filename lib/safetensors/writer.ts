import { throwIfAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import { writeAtomically } from "../files/atomic-file.js";
import { writeBytes } from "../files/bytes.js";
import { elementSize } from "../tensor/element-size.js";
import type { NamedTensor } from "../tensor/named-tensor.js";

/**
 * Writes tensors and metadata as one safetensors file, atomically, straight from the tensors' own
 * memory. The header is padded so that the data begins at a multiple of 8 bytes; larger elements
 * come first, so that every tensor is aligned, and names of one size are in order.
 *
 * @throws ReverseDistillationError `NOT_FOUND` if the folder does not exist, `IO`, `ABORTED`.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<void> {
  const ordered = [...tensors].sort(
    (a, b) => elementSize[b.dtype]! - elementSize[a.dtype]! || (a.name < b.name ? -1 : 1),
  );
  const header = encodeHeader(ordered, metadata);
  await writeAtomically(path, async (file) => {
    await writeBytes(file, header);
    for (const { data } of ordered) {
      throwIfAborted(signal);
      await writeBytes(file, data);
    }
  });
}

function encodeHeader(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>>): Buffer {
  // A name such as "__proto__" is a key like any other only in an object without a prototype.
  const content: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  content.__metadata__ = metadata;
  let end = 0;
  for (const { name, dtype, shape, data } of tensors) {
    const expected = shape.reduce((product, length) => product * length, elementSize[dtype]!);
    if (name in content || expected !== data.byteLength) {
      throw new ReverseDistillationError(
        "INTERNAL",
        `The tensor "${name}" is doubled, or not of the size of its shape.`,
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
