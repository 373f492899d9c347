import { SafetensorsFile } from "../../lib/safetensors/reader.js";

/** A tensor of the reference: evenly spaced samples of its values, and the norm of all values. */
export interface GoldenTensor {
  /** Number of elements of the whole tensor. `values[i]` is its element floor(i size / values.length). */
  size: number;
  /** L2 norm of the whole tensor. */
  norm: number;
  values: Float32Array;
}

/** Reads a file written by `bench/python/trace.py`. */
export async function readGolden(path: string): Promise<Map<string, GoldenTensor>> {
  const file = await SafetensorsFile.open(path);
  try {
    const sizes = numbers(path, file.metadata.sizes);
    const norms = numbers(path, file.metadata.norms);
    const golden = new Map<string, GoldenTensor>();
    for (const entry of file.tensors.values()) {
      const { data } = await file.read(entry);
      const values = new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
      golden.set(entry.name, { size: sizes[entry.name]!, norm: norms[entry.name]!, values });
    }
    return golden;
  } finally {
    await file.close();
  }
}

function numbers(path: string, json: string | undefined): Record<string, number> {
  if (json === undefined) throw new Error(`${path} was not written by bench/python/trace.py.`);
  return JSON.parse(json) as Record<string, number>;
}
