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

/** Where the bytes of an initializer are in the data file next to the model. */
export interface ExternalPlace {
  /** Name of the file. */
  location: string;
  offset: number;
}

/**
 * Writes a model piece by piece, so that only one of its constants is in memory at a time. A nested protobuf message
 * is preceded by its length, so all lengths are computed first, from the sizes of the initializers. The protobuf
 * library encodes all pieces except the weights.
 */
export class ModelWriter {
  readonly #initializers: readonly Initializer[];
  /** The model's message without the graph, and the graph's message without the initializers. */
  readonly #outer: Uint8Array;
  readonly #inner: Uint8Array;
  /** What comes before the bytes of each initializer, or the whole initializer if its bytes are external. */
  readonly #heads: Uint8Array[];
  readonly #external: ReadonlyMap<string, ExternalPlace>;

  /**
   * @param model Without its graph.
   * @param graph Without its initializers.
   * @param external The initializers whose bytes are in another file, by name.
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

  /** Size of the whole file. */
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

/** Reads the bytes of an initializer, and checks their number. */
export async function readWhole(initializer: Initializer): Promise<Uint8Array> {
  const bytes = await initializer.read();
  const { name, byteLength } = initializer;
  if (bytes.byteLength === byteLength) return bytes;
  throw new ReverseDistillationError(
    "INTERNAL",
    `${name} has ${bytes.byteLength} bytes instead of ${byteLength}.`,
  );
}

/** The encoded initializer in the graph's message, up to its bytes. */
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

/** What precedes the bytes of a field in protobuf: its number, its wire type and its length. */
function lengthPrefix(field: number, length: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
}
