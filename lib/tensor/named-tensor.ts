/** The supported dtypes, by their safetensors names. */
export const tensorDtypes = ["F64", "F32", "F16", "BF16", "I64", "I32", "U8"] as const;

export type TensorDtype = (typeof tensorDtypes)[number];

/** What a tensor is, without its elements. */
export interface TensorOutline {
  name: string;
  dtype: TensorDtype;
  shape: number[];
}

/** A tensor and its name. */
export interface NamedTensor extends TensorOutline {
  /** The elements, row-major and little-endian. Tensors from the addon are views of native memory. */
  data: Uint8Array;
}

/** Whether a tensor is a batch-norm counter: it does not affect any result, and older files lack it. */
export function isBatchCounter(name: string): boolean {
  return /(^|\.)num_batches_tracked$/.test(name);
}
