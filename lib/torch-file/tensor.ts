import { elementCount } from "../tensor/element-count.js";
import { PickleError } from "./pickle-error.js";
import type { TorchStorage, TorchTensor } from "./values.js";

/** PyTorch's maximum number of dimensions. */
const maxDimensions = 64;

/** A tensor of few elements far apart would cost more to read than its file's size suggests. */
const mostElementsApart = 64;
const spanAlwaysAllowed = 2 ** 20;

/**
 * Makes a tensor, and checks that all of its elements lie within the storage.
 *
 * @throws PickleError
 */
export function makeTensor(
  storage: TorchStorage,
  offset: number,
  shape: readonly number[],
  stride: readonly number[],
): TorchTensor {
  const tensor: TorchTensor = { kind: "tensor", storage, dtype: storage.dtype, shape, offset, stride };
  const fail = (problem: string) =>
    new PickleError(
      `is damaged: a tensor with shape [${shape.slice(0, 8).join(", ")}], ` +
        `stride [${stride.slice(0, 8).join(", ")}] and offset ${offset} ${problem} ` +
        `its storage "${storage.key}" of ${storage.length} elements`,
    );
  if (shape.length !== stride.length || shape.length > maxDimensions) throw fail("cannot be a view of");
  const count = elementCount(shape);
  if (offset > storage.length || (count > 0 && !(lastElement(tensor) < storage.length)))
    throw fail("reaches beyond");
  // Expanded tensors repeat elements with a stride of 0, so a few bytes could claim any amount of memory.
  if (count > storage.length) throw fail("has more elements than");
  const span = count === 0 ? 0 : lastElement(tensor) + 1 - offset;
  if (span > Math.max(spanAlwaysAllowed, count * mostElementsApart))
    throw fail("is spread too thinly (save a copy of it: tensor.clone()) over");
  return tensor;
}

/** Position in the storage of the last element in memory, for a tensor that is not empty. */
export function lastElement({ offset, shape, stride }: TorchTensor): number {
  return shape.reduce((last, length, d) => last + (length - 1) * stride[d]!, offset);
}

/** Whether the elements lie in memory one after another, in row-major order. */
export function isContiguous({ shape, stride }: TorchTensor): boolean {
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d]! !== 1 && stride[d] !== expected) return false;
    expected *= shape[d]!;
  }
  return true;
}
