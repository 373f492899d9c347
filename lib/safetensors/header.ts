import { breathe } from "../errors/breathe.js";
import { show } from "../errors/validate.js";
import { invalidFile } from "../files/invalid-file.js";
import { elementCount } from "../tensor/element-count.js";
import { elementSize } from "../tensor/element-size.js";
import { outlineOf } from "./outline.js";

/**
 * The safetensors format: the length of the header (8 bytes, little-endian), the header (JSON), and the bytes of the
 * tensors, one after another.
 */

/** A tensor as described by the header. */
export interface TensorEntry {
  name: string;
  dtype: string;
  shape: number[];
  /** Position of its first byte in the file. */
  offset: number;
  byteLength: number;
}

/** A validated header. */
export interface Header {
  metadata: Record<string, string>;
  /** By name, in file order. */
  tensors: Map<string, TensorEntry>;
}

/** Bytes before the header, which hold its length. */
export const prefixLength = 8;

/** The longest accepted header, in bytes. A model file with a million epochs, each with its loss, needs 20 MB. */
export const maxHeaderLength = 2 ** 25;

/** The most objects, arrays and keys in a header: enough for 80 000 tensors, which are described by six of them each. */
const maxParts = 500_000;

/** PyTorch's maximum number of dimensions. */
const maxDimensions = 64;

/** How many entries are looked at before the event loop runs. */
const stride = 10_000;

const metadataKey = "__metadata__";

/**
 * Parses and validates a header: names are unique, dtypes are known, sizes match shapes, and the tensors fill the rest
 * of the file without gaps or overlaps.
 *
 * @param bytes The header without its length.
 * @param fileSize Size of the whole file, in bytes.
 * @throws ReverseDistillationError `INVALID_FILE`, `ABORTED`
 */
export async function parseHeader(
  path: string,
  bytes: Uint8Array,
  fileSize: number,
  signal?: AbortSignal,
): Promise<Header> {
  const content = await parseJson(path, bytes, signal);
  const metadata = parseMetadata(path, content[metadataKey]);
  const begin = prefixLength + bytes.byteLength;
  const entries: TensorEntry[] = [];
  for (const [name, value] of Object.entries(content)) {
    if (name !== metadataKey) entries.push(parseEntry(path, name, value, begin));
    if (entries.length % stride === 0) await breathe(signal);
  }
  entries.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);

  let end = begin;
  for (const { name, offset, byteLength } of entries) {
    if (offset !== end) {
      const relation = offset < end ? "overlaps the one before it" : "leaves a gap before it";
      throw invalidFile(path, `is damaged: the tensor ${show(name)} ${relation}.`);
    }
    end += byteLength;
  }
  if (fileSize < end) {
    throw invalidFile(path, `is truncated: it should have ${end} bytes but has ${fileSize}. Copy it again.`);
  }
  if (fileSize > end) {
    throw invalidFile(path, `is damaged: its tensors end at byte ${end}, but it has ${fileSize} bytes.`);
  }
  return { metadata, tensors: new Map(entries.map((entry) => [entry.name, entry])) };
}

async function parseJson(
  path: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Record<string, unknown>> {
  const attempt = <T>(parse: () => T): T => {
    try {
      return parse();
    } catch (error) {
      const problem = "is not a safetensors file, or is damaged: its header is not valid JSON.";
      throw invalidFile(path, problem, error);
    }
  };
  const text = attempt(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  const { parts, duplicate } = outlineOf(text, maxParts);
  if (parts > maxParts)
    throw invalidFile(path, `is not a file of weights: its header has more than ${maxParts} parts.`);
  await breathe(signal);
  const content = attempt(() => JSON.parse(text) as unknown);
  await breathe(signal);
  if (!isRecord(content))
    throw invalidFile(path, "is not a safetensors file: its header is not a JSON object.");
  if (duplicate !== undefined) {
    throw invalidFile(path, `is damaged: its header contains the key ${show(duplicate)} more than once.`);
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
    throw fail(`has the unknown dtype ${show(dtype)}; known dtypes: ${Object.keys(elementSize).join(", ")}`);
  if (!isSizes(shape)) throw fail(`has the shape ${show(shape)}, which is not a list of whole numbers`);
  if (shape.length > maxDimensions)
    throw fail(`has ${shape.length} dimensions; at most ${maxDimensions} are allowed`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw fail(`has the offsets ${show(offsets)}, which are not two whole numbers`);
  }
  const [from, to] = offsets as [number, number];
  const byteLength = size * elementCount(shape);
  if (byteLength !== to - from) {
    throw fail(`needs ${byteLength} bytes for its shape [${shape.join(", ")}] but has ${to - from}`);
  }
  return { name, dtype: dtype as string, shape, offset: begin + from, byteLength };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
