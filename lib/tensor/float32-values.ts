import { ReverseDistillationError } from "../errors/error.js";
import { widenFloat16 } from "./float16.js";
import type { NamedTensor } from "./named-tensor.js";

/**
 * The values of a floating-point tensor as float32. For a float32 tensor, the result is a view of its memory.
 */
export function float32Values({ name, dtype, data }: NamedTensor): Float32Array {
  const { buffer, byteOffset, byteLength } = data;
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case "F64":
      return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
    case "F16":
      return widenFloat16(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case "BF16": {
      const upper = new Uint16Array(buffer, byteOffset, byteLength / 2);
      return new Float32Array(Uint32Array.from(upper, (bits) => bits << 16).buffer);
    }
    default:
      throw new ReverseDistillationError(
        "INTERNAL",
        `The tensor ${name} has the dtype ${dtype}, which is not a floating-point type.`,
      );
  }
}
