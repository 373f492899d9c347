import { ReverseDistillationError } from "../errors/error.js";
import type { StoragePrecision } from "../options/save.js";
import { maxFloat16, narrowToFloat16 } from "./float16.js";
import { float32Values } from "./float32-values.js";
import type { NamedTensor } from "./named-tensor.js";

/**
 * Converts a tensor to the precision of a model file. float16 applies to the weights of convolutions, which make up
 * nearly all of a file. Batch-norm vectors stay float32, because variances can be too small or too large for float16.
 *
 * @throws ReverseDistillationError as {@link narrowChecked}
 */
export function toStorage(tensor: NamedTensor, precision: StoragePrecision): NamedTensor {
  if (precision === "float32" || tensor.shape.length !== 4) return tensor;
  const { buffer, byteOffset, byteLength } = narrowChecked(tensor.name, float32Values(tensor));
  return { ...tensor, dtype: "F16", data: new Uint8Array(buffer, byteOffset, byteLength) };
}

/**
 * Rounds values to float16 and returns their bits.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if a value is too large for float16.
 */
export function narrowChecked(name: string, values: Float32Array): Uint16Array {
  const excess = values.find((value) => Math.abs(value) > maxFloat16);
  if (excess !== undefined) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `This model cannot be stored in float16: ${name} contains the value ${excess}, and the largest float16 value ` +
        `is ${maxFloat16}. Use float32.`,
    );
  }
  return narrowToFloat16(values);
}
