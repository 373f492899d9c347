import { withLengths, type Datatype } from "./tensor.js";

/** A tensor of a response. */
export interface OutputTensor {
  name: string;
  datatype: Datatype;
  shape: number[];
  values: readonly string[] | readonly number[] | Float32Array;
}

/** A response for inference as it is sent. */
export interface WrittenResponse {
  body: Buffer;
  /** The bytes of JSON, if those of tensors follow. */
  headerLength: number | undefined;
}

/**
 * Writes `$inference_response` of the Open Inference Protocol, version 2.
 *
 * @param binary Whether a tensor's values follow the JSON as bytes.
 */
export function writeInferResponse(
  described: { model_name: string; model_version: string; id?: string },
  outputs: readonly { tensor: OutputTensor; binary: boolean }[],
): WrittenResponse {
  const tensors = outputs.map(({ tensor: { values, ...tensor }, binary }) => {
    const bytes = binary ? bytesOf(values, tensor.datatype) : undefined;
    return {
      bytes,
      json:
        bytes === undefined
          ? { ...tensor, data: Array.from<string | number>(values) }
          : { ...tensor, parameters: { binary_data_size: bytes.length } },
    };
  });
  const header = Buffer.from(JSON.stringify({ ...described, outputs: tensors.map(({ json }) => json) }));
  const binary = tensors.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]));
  if (binary.length === 0) return { body: header, headerLength: undefined };
  return { body: Buffer.concat([header, ...binary]), headerLength: header.length };
}

function bytesOf(values: OutputTensor["values"], datatype: Datatype): Buffer {
  if (values instanceof Float32Array) return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  if (datatype === "BYTES") return withLengths(values.map((value) => Buffer.from(String(value))));
  const numbers = values as readonly number[];
  const typed = datatype === "FP32" ? Float32Array.from(numbers) : Float64Array.from(numbers);
  return Buffer.from(typed.buffer);
}
