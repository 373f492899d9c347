import { show } from "../errors/validate.js";
import { invalidFile } from "../files/invalid-file.js";
import { elementSize } from "../tensor/element-size.js";
import { findDuplicateKey } from "./duplicate-key.js";

/**
 * The safetensors format: 8 bytes with the length of the header (little-endian), the header, which
 * is JSON, and the tensors' bytes, one after the other.
 */

/** One tensor as the header describes it. */
export interface TensorEntry {
  name: string;
  dtype: string;
  shape: number[];
  /** Where its bytes begin, counted from the file's beginning, and how many they are. */
  offset: number;
  byteLength: number;
}

/** A header, checked. */
export interface Header {
  metadata: Record<string, string>;
  /** By name, in the order of their bytes. */
  tensors: Map<string, TensorEntry>;
}

/** Bytes before the header. */
export const prefixLength = 8;

/** The longest header that is read, in bytes: the limit of the format's reference reader. */
export const maxHeaderLength = 100_000_000;

const metadataKey = "__metadata__";

/**
 * Reads a header and checks all that it says: names once each, known types, sizes that agree with
 * shapes, tensors that follow one another from the header's end to the file's.
 *
 * @param bytes The header alone, without its length.
 * @param fileSize Bytes of the whole file.
 * @throws ReverseDistillationError `INVALID_FILE`
 */
export function parseHeader(path: string, bytes: Uint8Array, fileSize: number): Header {
  const content = parseJson(path, bytes);
  const metadata = parseMetadata(path, content[metadataKey]);
  const begin = prefixLength + bytes.byteLength;
  const entries = Object.entries(content)
    .filter(([name]) => name !== metadataKey)
    .map(([name, value]) => parseEntry(path, name, value, begin))
    .sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);

  let end = begin;
  for (const { name, offset, byteLength } of entries) {
    if (offset !== end) {
      const relation =
        offset < end ? "overlaps the tensor before it" : "leaves a gap to the tensor before it";
      throw invalidFile(path, `is damaged: the tensor ${show(name)} ${relation}.`);
    }
    end += byteLength;
  }
  if (fileSize < end) {
    throw invalidFile(
      path,
      `is cut short: it should hold ${end} bytes, but holds ${fileSize}. Copy it again.`,
    );
  }
  if (fileSize > end) {
    throw invalidFile(path, `is damaged: its tensors end at byte ${end}, but it holds ${fileSize} bytes.`);
  }
  return { metadata, tensors: new Map(entries.map((entry) => [entry.name, entry])) };
}

function parseJson(path: string, bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let content: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    content = JSON.parse(text);
  } catch (error) {
    throw invalidFile(path, `is not a safetensors file, or is damaged: its header is not JSON.`, error);
  }
  if (!isRecord(content))
    throw invalidFile(path, "is not a safetensors file: its header is not a JSON object.");
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) {
    throw invalidFile(path, `is damaged: its header holds ${show(duplicate)} more than once.`);
  }
  return content;
}

function parseMetadata(path: string, value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (isRecord(value) && Object.values(value).every((item) => typeof item === "string")) {
    return value as Record<string, string>;
  }
  throw invalidFile(path, "is damaged: the metadata in its header must map names to strings.");
}

function parseEntry(path: string, name: string, value: unknown, begin: number): TensorEntry {
  const fail = (problem: string) => invalidFile(path, `is damaged: the tensor ${show(name)} ${problem}.`);
  if (!isRecord(value)) throw fail("is not described by an object");
  const { dtype, shape, data_offsets: offsets } = value;
  const size =
    typeof dtype === "string" && Object.hasOwn(elementSize, dtype) ? elementSize[dtype] : undefined;
  if (size === undefined)
    throw fail(`has the type ${show(dtype)}; known are ${Object.keys(elementSize).join(", ")}`);
  if (!isSizes(shape)) throw fail(`has the shape ${show(shape)}, not a list of whole numbers`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw fail(`has the offsets ${show(offsets)}, not two whole numbers`);
  }
  const [from, to] = offsets as [number, number];
  const byteLength = shape.reduce((product, length) => product * length, size);
  if (byteLength !== to - from) {
    throw fail(`should take ${byteLength} bytes by its shape [${shape.join(", ")}], but takes ${to - from}`);
  }
  return { name, dtype: dtype as string, shape, offset: begin + from, byteLength };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
