import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  ValueInfoProtoSchema,
  type AttributeProto,
  type NodeProto,
  type ValueInfoProto,
} from "./proto/onnx_pb.js";

/** A constant of a graph. Its bytes are computed when they are written. */
export interface Initializer {
  name: string;
  type: DataType;
  dims: readonly number[];
  byteLength: number;
  /** The elements, row-major and little-endian. */
  read(): Promise<Uint8Array>;
}

/** The value of an attribute: an integer, a list of integers, or text. */
type AttributeValue = number | readonly number[] | string;

/** A dimension: a number of elements, or a name if the number is dynamic. */
export type Dimension = number | string;

/** Builds a graph. Every value has the name of the node that computes it. */
export class GraphBuilder {
  readonly nodes: NodeProto[] = [];
  readonly initializers: Initializer[] = [];

  /** Adds a node with one output. @returns the name of the output. */
  node(
    opType: string,
    name: string,
    input: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const attribute = Object.entries(attributes).map(([key, value]) => attributeOf(key, value));
    this.nodes.push(create(NodeProtoSchema, { opType, name, input: [...input], output: [name], attribute }));
    return name;
  }

  /** Adds a constant whose values are known, in float32 or int64. @returns its name. */
  constant(name: string, values: Float32Array | BigInt64Array, dims: readonly number[]): string {
    const type = values instanceof Float32Array ? DataType.FLOAT : DataType.INT64;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const read = () => Promise.resolve(bytes);
    return this.initializer({ name, type, dims, byteLength: values.byteLength, read });
  }

  /** Adds a constant. @returns its name. */
  initializer(initializer: Initializer): string {
    this.initializers.push(initializer);
    return initializer.name;
  }
}

/** Describes an input or output of a graph. */
export function describeValue(name: string, elemType: DataType, dims: readonly Dimension[]): ValueInfoProto {
  const dim = dims.map((size) => ({
    value:
      typeof size === "number"
        ? { case: "dimValue" as const, value: BigInt(size) }
        : { case: "dimParam" as const, value: size },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType, shape: { dim } } } },
  });
}

function attributeOf(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === "string") {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  }
  if (typeof value === "number") {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}
