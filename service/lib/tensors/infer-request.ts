import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import { ServiceError } from "../problems/service-error.js";
import { datatypes, wrong, type Datatype, type GivenTensor } from "./tensor.js";

const Parameters = Type.Record(Type.String(), Type.Unknown());

/** `$inference_request` of the Open Inference Protocol, version 2. */
export const InferRequest = Type.Object(
  {
    id: Type.Optional(Type.String({ maxLength: 256 })),
    parameters: Type.Optional(Parameters),
    inputs: Type.Array(
      Type.Object({
        name: Type.String(),
        shape: Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 8 }),
        datatype: Type.String(),
        parameters: Type.Optional(Parameters),
        data: Type.Optional(Type.Array(Type.Unknown())),
      }),
      { minItems: 1 },
    ),
    outputs: Type.Optional(
      Type.Array(Type.Object({ name: Type.String(), parameters: Type.Optional(Parameters) })),
    ),
  },
  { $id: "InferRequest", description: "$inference_request of the Open Inference Protocol, version 2." },
);

const validator = Compile(InferRequest);

/** A request for inference, with the bytes of its tensors. */
export interface ReadInferRequest {
  id: string | undefined;
  inputs: GivenTensor[];
  /** The outputs that are asked for, and whether their bytes are; undefined if none is named. */
  outputs: { name: string; binary: boolean }[] | undefined;
  /** Whether outputs are binary if none is named. */
  binary: boolean;
}

/**
 * Reads a request, with the extension for binary tensors.
 *
 * @param headerLength `Inference-Header-Content-Length`: the bytes of JSON, after which those of the tensors come.
 * @throws ServiceError `INVALID_REQUEST`
 */
export function readInferRequest(body: Buffer, headerLength: string | undefined): ReadInferRequest {
  const length = headerLength === undefined ? body.length : Number(headerLength);
  if (!Number.isInteger(length) || length < 0 || length > body.length)
    throw invalid(
      `Inference-Header-Content-Length must be a whole number of at most ${body.length}, the body's length`,
    );
  const given = parse(body.toString("utf8", 0, length));
  const binary = new ByteReader(body.subarray(length));
  const inputs = given.inputs.map((input) => tensorOf(input, binary));
  if (binary.left > 0) throw invalid(`${binary.left} bytes follow the last tensor`);
  const all = given.parameters?.binary_data_output === true;
  return {
    id: given.id,
    inputs,
    outputs: given.outputs?.map(({ name, parameters }) => ({
      name,
      binary: typeof parameters?.binary_data === "boolean" ? parameters.binary_data : all,
    })),
    binary: all,
  };
}

function parse(text: string): Static<typeof InferRequest> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`The request is not JSON: ${(error as Error).message}`);
  }
  if (validator.Check(value)) return value;
  const [first] = validator.Errors(value);
  throw invalid(`The request is not one for inference: ${first?.instancePath ?? ""} ${first?.message ?? ""}`);
}

function tensorOf(input: Static<typeof InferRequest>["inputs"][number], binary: ByteReader): GivenTensor {
  const { name, shape, datatype, parameters, data } = input;
  if (!Object.hasOwn(datatypes, datatype))
    throw wrong(name, `has the type ${datatype}, which this service does not know`);
  const size = parameters?.binary_data_size;
  const common = { name, shape, datatype: datatype as Datatype };
  if (size === undefined) {
    if (data === undefined) throw wrong(name, "has neither data nor the parameter binary_data_size");
    return { ...common, values: data };
  }
  if (data !== undefined) throw wrong(name, "has both data and the parameter binary_data_size");
  if (!Number.isInteger(size) || (size as number) < 0 || (size as number) > binary.left)
    throw wrong(
      name,
      `has a binary_data_size that must be a whole number of at most ${binary.left}, the bytes that are left`,
    );
  return { ...common, values: binary.next(size as number) };
}

/** Hands out bytes one after the other. */
class ByteReader {
  #rest: Buffer;

  constructor(bytes: Buffer) {
    this.#rest = bytes;
  }

  get left(): number {
    return this.#rest.length;
  }

  next(count: number): Buffer {
    const bytes = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return bytes;
  }
}

function invalid(what: string): ServiceError {
  return new ServiceError("INVALID_REQUEST", `${what}.`);
}
