import { ReverseDistillationError } from "../errors/error.js";
import { inPieces, type Work } from "../errors/long-work.js";
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
export function* toStorage(tensor: NamedTensor, precision: StoragePrecision): Work<NamedTensor> {
  if (precision === "float32" || tensor.shape.length !== 4) return tensor;
  const { buffer, byteOffset, byteLength } = yield* narrowChecked(tensor.name, float32Values(tensor));
  return { ...tensor, dtype: "F16", data: new Uint8Array(buffer, byteOffset, byteLength) };
}

/**
 * Rounds values to float16 and returns their bits.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if a value is too large for float16.
 */
export function* narrowChecked(name: string, values: Float32Array): Work<Uint16Array> {
  const narrowed = new Uint16Array(values.length);
  yield* inPieces(values.length, (from, to) => {
    const piece = values.subarray(from, to);
    requireFloat16(name, piece);
    narrowed.set(narrowToFloat16(piece), from);
  });
  return narrowed;
}

function requireFloat16(name: string, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) {
    if (!(Math.abs(values[i]!) > maxFloat16)) continue;
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `This model cannot be stored in float16: ${name} contains the value ${values[i]}, and the largest float16 value ` +
        `is ${maxFloat16}. Use float32.`,
    );
  }
}
