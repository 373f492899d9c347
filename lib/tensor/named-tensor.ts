/** Element types of tensors, in safetensors' names. */
export type TensorDtype = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "U8";

/** One tensor by name. */
export interface NamedTensor {
  name: string;
  dtype: TensorDtype;
  shape: number[];
  /** The elements, row-major and little-endian. From the addon: a view of the tensor's own memory. */
  data: Uint8Array;
}
