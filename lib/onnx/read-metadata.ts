import type { FileHandle } from "node:fs/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { ReverseDistillationError } from "../errors/error.js";
import { messageOf } from "../errors/message-of.js";
import { readBytes } from "../files/bytes.js";
import { invalidFile } from "../files/invalid-file.js";
import { ioError } from "../files/io-error.js";
import { openRegularFile } from "../files/regular-file.js";
import { readExportMetadata, type ExportDescription } from "./metadata.js";
import { ModelProtoSchema } from "./proto/onnx_pb.js";

/** The maximum length of a tag and a length, in bytes. */
const longestPrefix = 20;

/** Limits on what is read of a model apart from its graph: an export has about 30 fields of a few KB. */
const maxFields = 1000;
const maxKept = 2 ** 22;

/**
 * Reads the metadata of an export, without reading its graph and weights.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, or `INVALID_FILE` if it was not exported by this package.
 */
export async function readExportDescription(path: string): Promise<ExportDescription> {
  const metadata = await readMetadataProps(path);
  try {
    return readExportMetadata(metadata);
  } catch (error) {
    const problem = `is not an ONNX model exported by this package: in its metadata, ${messageOf(error)}`;
    throw invalidFile(path, problem, error);
  }
}

async function readMetadataProps(path: string): Promise<Map<string, string>> {
  try {
    const file = await openRegularFile(path);
    try {
      const model = fromBinary(ModelProtoSchema, await readAllButGraph(path, file));
      return new Map(model.metadataProps.map(({ key, value }) => [key, value]));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ReverseDistillationError) throw error;
    if ((error as NodeJS.ErrnoException).code !== undefined) throw ioError(error, "Reading", path);
    throw invalidFile(path, "is not an ONNX model, or is damaged.", error);
  }
}

/** Reads the fields of the model's message, except for the graph. */
async function readAllButGraph(path: string, file: FileHandle): Promise<Uint8Array> {
  const { size } = await file.stat();
  const kept: Uint8Array[] = [];
  let keptLength = 0;
  for (let position = 0, fields = 0; position < size; fields++) {
    if (fields === maxFields)
      throw invalidFile(path, `is not an export: its model has more than ${maxFields} fields.`);
    const reader = new BinaryReader(
      await readBytes(path, file, position, Math.min(longestPrefix, size - position)),
    );
    const [field, wireType] = reader.tag();
    let length: number;
    if (wireType === WireType.LengthDelimited) {
      const content = reader.uint32();
      length = reader.pos + content;
    } else {
      reader.skip(wireType, field);
      length = reader.pos;
    }
    if (position + length > size) throw invalidFile(path, "is truncated, or is not an ONNX model.");
    if (field !== ModelProtoSchema.field.graph.number) {
      keptLength += length;
      if (keptLength > maxKept)
        throw invalidFile(path, `is not an export: it has more than ${maxKept} bytes besides its graph.`);
      kept.push(await readBytes(path, file, position, length));
    }
    position += length;
  }
  return Buffer.concat(kept);
}
