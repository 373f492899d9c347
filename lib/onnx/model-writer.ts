import type { FileHandle } from "node:fs/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { throwIfAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import { writeBytes } from "../files/bytes.js";
import type { Initializer } from "./graph.js";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  type GraphProto,
  type ModelProto,
  type TensorProto,
} from "./proto/onnx_pb.js";

/** Where the bytes of an initializer lie in a file beside the model. */
export interface ExternalPlace {
  /** The file's name. */
  location: string;
  offset: number;
}

/**
 * A model that is written piece by piece, so that only one of its constants is in memory at a time. A message of
 * protobuf within another has its length before it, so all lengths are computed first, from the initializers'
 * sizes; the pieces that hold no weights are the protobuf library's.
 */
export class ModelWriter {
  readonly #initializers: readonly Initializer[];
  /** Of the model's message all but the graph, and of the graph's all but the initializers. */
  readonly #outer: Uint8Array;
  readonly #inner: Uint8Array;
  /** What is before the bytes of each initializer: all of it where these are external. */
  readonly #heads: Uint8Array[];
  readonly #external: ReadonlyMap<string, ExternalPlace>;

  /**
   * @param model Without its graph.
   * @param graph Without its initializers.
   * @param external By name, the initializers whose bytes lie elsewhere.
   */
  constructor(
    model: ModelProto,
    graph: GraphProto,
    initializers: readonly Initializer[],
    external: ReadonlyMap<string, ExternalPlace> = new Map(),
  ) {
    this.#initializers = initializers;
    this.#external = external;
    this.#heads = initializers.map((initializer) => headOf(initializer, external.get(initializer.name)));
    const graphBytes = toBinary(GraphProtoSchema, graph);
    const within = this.#heads.reduce((sum, head, i) => sum + head.length + this.#inlineLength(i), 0);
    const outer = toBinary(ModelProtoSchema, model);
    this.#outer = Buffer.concat([
      outer,
      lengthPrefix(ModelProtoSchema.field.graph.number, graphBytes.length + within),
    ]);
    this.#inner = graphBytes;
    this.byteLength = this.#outer.length + graphBytes.length + within;
  }

  /** Bytes of the whole file. */
  readonly byteLength: number;

  /** Writes the model. @throws ReverseDistillationError `ABORTED`, `IO`, or what an initializer throws. */
  async write(file: FileHandle, signal?: AbortSignal): Promise<void> {
    await writeBytes(file, this.#outer);
    await writeBytes(file, this.#inner);
    for (const [i, initializer] of this.#initializers.entries()) {
      throwIfAborted(signal);
      await writeBytes(file, this.#heads[i]!);
      if (!this.#external.has(initializer.name)) await writeBytes(file, await readWhole(initializer));
    }
  }

  #inlineLength(i: number): number {
    const { name, byteLength } = this.#initializers[i]!;
    return this.#external.has(name) ? 0 : byteLength;
  }
}

/** The bytes of an initializer, as many as were promised. */
export async function readWhole(initializer: Initializer): Promise<Uint8Array> {
  const bytes = await initializer.read();
  const { name, byteLength } = initializer;
  if (bytes.byteLength === byteLength) return bytes;
  throw new ReverseDistillationError(
    "INTERNAL",
    `${name} has ${bytes.byteLength} bytes instead of ${byteLength}.`,
  );
}

/** The beginning of an initializer's place in the graph's message, up to its bytes. */
function headOf(initializer: Initializer, place: ExternalPlace | undefined): Uint8Array {
  const tensor = toBinary(TensorProtoSchema, describeTensor(initializer, place));
  const { byteLength } = initializer;
  const raw =
    place === undefined ? lengthPrefix(TensorProtoSchema.field.rawData.number, byteLength) : new Uint8Array();
  const inline = place === undefined ? byteLength : 0;
  const prefix = lengthPrefix(GraphProtoSchema.field.initializer.number, tensor.length + raw.length + inline);
  return Buffer.concat([prefix, tensor, raw]);
}

function describeTensor(
  { name, type, dims, byteLength }: Initializer,
  place: ExternalPlace | undefined,
): TensorProto {
  const tensor = create(TensorProtoSchema, { name, dataType: type, dims: dims.map(BigInt) });
  if (place === undefined) return tensor;
  tensor.dataLocation = DataLocation.EXTERNAL;
  const entries = { location: place.location, offset: String(place.offset), length: String(byteLength) };
  tensor.externalData = Object.entries(entries).map(([key, value]) => ({
    $typeName: "onnx.StringStringEntryProto",
    key,
    value,
  }));
  return tensor;
}

/** What protobuf has before the bytes of a field: the field's number, its kind and its length. */
function lengthPrefix(field: number, length: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
}
