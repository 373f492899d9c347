import { types } from "node:util";
import { ReverseDistillationError } from "../errors/error.js";
import { reading } from "../errors/reading.js";
import { invalid, longestPath, path as checkPath, show } from "../errors/validate.js";
import { ioError } from "../files/io-error.js";
import { readRegularFile, type ReadLimits } from "../files/regular-file.js";
import { isRawLike, type RawImage } from "./raw-image.js";

/**
 * An image: a path (or a `file:` URL), the bytes of an encoded file (a Buffer or other Uint8Array, an ArrayBuffer, a
 * Blob or File), or raw pixels.
 *
 * Bytes are copied when they are decoded, and raw pixels when their batch starts; those of `Detector.allocateImage` are
 * read in place. They must not change until the promise of the call has settled, or the result is that of the change.
 */
export type ImageInput = string | URL | Uint8Array | ArrayBuffer | Blob | RawImage;

/** What an image is called in messages: its path, or what it is if it has none. */
export function describeImage(input: ImageInput): string {
  if (typeof input === "string") return input;
  if (input instanceof URL) return input.href;
  if (types.isUint8Array(input) || types.isArrayBuffer(input)) return ofBytes(input.byteLength);
  if (isBlob(input)) return ofBytes(input.size);
  return isRawLike(input) ? `A raw image of ${show(input.width)} x ${show(input.height)}` : show(input);
}

/** What one of several images is called in messages: its path, or its number from 1. */
export function nameOfImage(input: ImageInput, index: number): string {
  return typeof input === "string" || input instanceof URL ? describeImage(input) : `image ${index + 1}`;
}

function ofBytes(count: number): string {
  return `An encoded image of ${count} bytes`;
}

/** The memory that the caller keeps for an image, in bytes: that of encoded bytes and raw pixels, none for a path. */
export function heldBytes(input: ImageInput): number {
  if (types.isUint8Array(input) || types.isArrayBuffer(input)) return input.byteLength;
  if (isBlob(input)) return input.size;
  // What is no image at all is refused where it is read.
  return isRawLike(input)
    ? reading("an image", () => (ArrayBuffer.isView(input.data) ? input.data.byteLength : 0))
    : 0;
}

/**
 * The bytes of an encoded image, read if it is a file: a regular one, because a pipe or a device may never end.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `ABORTED`, or `INVALID_ARGUMENT` with what to do if it is no
 * image.
 */
export async function readInput(
  input: Exclude<ImageInput, RawImage>,
  limits: ReadLimits = {},
): Promise<Uint8Array> {
  // Copied, because decoders read the bytes on other threads, and their owner may transfer them away meanwhile. Those that
  // were transferred before have no bytes, and cannot be viewed.
  if (types.isUint8Array(input) || types.isArrayBuffer(input)) {
    if (input.byteLength === 0) return new Uint8Array();
    return new Uint8Array(types.isUint8Array(input) ? input : new Uint8Array(input));
  }
  if (isBlob(input)) return bytesOf(input);
  if (typeof input !== "string" && !(input instanceof URL)) throw reading("an image", () => noImage(input));
  const text = typeof input === "string" ? input : input.href;
  if (isEncodedText(text)) throw noPath(text);
  return readRegularFile(checkPath("the path of an image", input), limits);
}

function isBlob(input: unknown): input is Blob {
  if (typeof input !== "object" || input === null) return false;
  return reading(
    "an image",
    () =>
      "arrayBuffer" in input &&
      "size" in input &&
      typeof input.arrayBuffer === "function" &&
      Number.isSafeInteger(input.size),
  );
}

/** @throws ReverseDistillationError `IO` if the Blob cannot be read, as one of a file that has changed. */
async function bytesOf(blob: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw ioError(error, "Reading the image", "a Blob");
  }
}

/** Data and web addresses, and base64 of the formats that it is usual for: none of them is a path. */
function isEncodedText(text: string): boolean {
  return (
    /^(data|https?|blob):/i.test(text) ||
    text.length > longestPath ||
    (text.length > 64 &&
      /^(iVBORw0KGgo|\/9j\/|R0lGOD|UklGR|SUkqA|TU0AK|Qk[0-9A-Za-z+/])[\w+/=\s]*$/.test(text))
  );
}

function noPath(text: string): ReverseDistillationError {
  const kind = /^https?:/i.test(text)
    ? "a web address: pass await (await fetch(address)).arrayBuffer()"
    : /^blob:/i.test(text)
      ? "a blob: URL: pass the Blob itself"
      : /^data:/i.test(text)
        ? 'a data: URL: pass Buffer.from(text.slice(text.indexOf(",") + 1), "base64")'
        : `a text of ${text.length} characters: pass Buffer.from(text, "base64") if it is base64`;
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `an image must be a path, encoded bytes or { data, width, height, channels }; got ${kind}.`,
  );
}

/** Objects that hold an image without being one, by what they are known by, and what to pass instead. */
const holders: [name: string, is: (value: object) => boolean, remedy: string][] = [
  ["a promise", (value) => "then" in value, "await it"],
  ["a Response", (value) => "arrayBuffer" in value, "pass await response.arrayBuffer()"],
  [
    "a stream",
    (value) => "pipe" in value || "getReader" in value || Symbol.asyncIterator in value,
    'pass await buffer(stream), of "node:stream/consumers"',
  ],
  ["a file handle", (value) => "readFile" in value, "pass await handle.readFile()"],
  ["a sharp image", (value) => "toBuffer" in value, "pass await image.png().toBuffer()"],
  ["a canvas", (value) => "getContext" in value, "pass its pixels: context.getImageData(...)"],
  ["a shared ArrayBuffer", types.isSharedArrayBuffer, "pass new Uint8Array(buffer)"],
  [
    "a view of another type than Uint8Array",
    (value) => ArrayBuffer.isView(value),
    "pass new Uint8Array(view.buffer, view.byteOffset, view.byteLength) if it holds an encoded file",
  ],
  [
    "a list",
    (value) => Array.isArray(value),
    "pass one image; of numbers, pass { data: Uint8Array.from(list), width, height, channels }",
  ],
];

function noImage(input: unknown): ReverseDistillationError {
  if (typeof input !== "object" || input === null) {
    return invalid("an image", "a path, encoded bytes or { data, width, height, channels }", input);
  }
  const held = holders.find(([, is]) => is(input));
  // Values are not shown: they may be pixels.
  const keys = Object.keys(input).slice(0, 6).join(", ") || "none";
  const got = held === undefined ? `an object with the keys: ${keys}` : `${held[0]}: ${held[2]}`;
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `an image must be a path, encoded bytes or { data, width, height, channels }; got ${got}.`,
  );
}
