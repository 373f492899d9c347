import { ReverseDistillationError } from "../errors/error.js";
import type { StoragePrecision } from "../options/storage.js";
import { maxFloat16, narrowToFloat16 } from "./float16.js";
import { float32Values } from "./float32-values.js";
import type { NamedTensor } from "./named-tensor.js";

/**
 * A tensor as a model file of a precision holds it. In float16 are the weights of convolutions, which are nearly all
 * of a file; the vectors of batch norms stay float32, as variances can be too small for float16 or too large.
 *
 * @throws ReverseDistillationError as {@link narrowChecked}
 */
export function toStorage(tensor: NamedTensor, precision: StoragePrecision): NamedTensor {
  if (precision === "float32" || tensor.shape.length !== 4) return tensor;
  const { buffer, byteOffset, byteLength } = narrowChecked(tensor.name, float32Values(tensor));
  return { ...tensor, dtype: "F16", data: new Uint8Array(buffer, byteOffset, byteLength) };
}

/**
 * The bits of float16 of values that all have one.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if one is larger than float16 can hold.
 */
export function narrowChecked(name: string, values: Float32Array): Uint16Array {
  const excess = values.find((value) => Math.abs(value) > maxFloat16);
  if (excess !== undefined) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `float16 cannot hold this model: ${name} has the value ${excess}, and float16 ends at ${maxFloat16}. Use float32.`,
    );
  }
  return narrowToFloat16(values);
}
