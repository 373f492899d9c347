import { readFile } from "node:fs/promises";
import { types } from "node:util";
import sharp, { type Metadata } from "sharp";
import { ReverseDistillationError } from "../errors/error.js";
import { invalid, path as checkPath, show } from "../errors/validate.js";
import { ioError } from "../files/io-error.js";
import { isRawLike, type RawImage } from "./raw-image.js";

/**
 * An image: a path (or a `file:` URL), the bytes of an encoded file, or raw pixels.
 *
 * Raw pixels are read where they lie, without a copy: they must not change until the promise of the
 * call that they were given to has settled.
 */
export type ImageInput = string | URL | Uint8Array | RawImage;

/** The formats that are read, by sharp's names. Vector formats are not: they have no pixels of their own. */
const formats = ["png", "jpeg", "webp", "tiff", "gif", "heif"];
const colourSpaces = ["srgb", "rgb", "rgb16", "b-w", "grey16", "cmyk"];

/** What an image is called in messages: its path, or what it is when it has none. */
export function describeImage(input: ImageInput): string {
  if (typeof input === "string") return input;
  if (input instanceof URL) return input.href;
  if (types.isUint8Array(input)) return `An encoded image of ${input.byteLength} bytes`;
  return isRawLike(input) ? `A raw image of ${show(input.width)} x ${show(input.height)}` : show(input);
}

/**
 * Pixels of any image, as 8 bits grey or RGB, rows from the top.
 *
 * What a file holds is taken as Python's PIL takes it: it is not turned by its EXIF orientation,
 * colour profiles of RGB and grey images are not applied, alpha is dropped without blending. 16 bits
 * are reduced to the upper 8, CMYK is converted to sRGB, palettes are resolved, grey stays one channel.
 *
 * @throws ReverseDistillationError `NOT_FOUND`; `IO`; `INVALID_IMAGE` if it is damaged, cut short, of
 * more than one frame or page, or of a kind not named here; `INVALID_ARGUMENT` if it is no image at all.
 */
export async function decodeImage(input: ImageInput): Promise<RawImage> {
  if (isRawLike(input)) return checkRaw(input);
  const name = describeImage(input);
  if (types.isUint8Array(input)) return decode(input, name);
  if (typeof input !== "string" && !(input instanceof URL)) {
    throw invalid("an image", "a path, an encoded Buffer or { data, width, height, channels }", input);
  }
  const path = checkPath("the path of an image", input);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw ioError(error, "Reading the image", path);
  }
  return decode(bytes, name);
}

async function decode(bytes: Uint8Array, name: string): Promise<RawImage> {
  if (bytes.byteLength === 0) throw invalidImage(name, "is empty");
  try {
    const metadata = await sharp(bytes).metadata();
    requireKind(metadata, name);
    // CMYK has no meaning without a profile: its own, or a general one where it has none.
    const ignoreIcc = metadata.space !== "cmyk";
    const pixels = sharp(bytes, { failOn: "truncated", ignoreIcc }).removeAlpha().toColourspace("srgb");
    // Not by the colour space "b-w", which libvips reaches from 16 bits with an error of one level.
    if (metadata.channels <= 2) pixels.extractChannel(0);
    const { data, info } = await pixels.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    return checkRaw({ data, width: info.width, height: info.height, channels: info.channels as 1 | 3 });
  } catch (error) {
    if (error instanceof ReverseDistillationError) throw error;
    throw invalidImage(name, `cannot be decoded: ${reasonOf(error)}`, error);
  }
}

function requireKind({ format, pages, depth, space }: Metadata, name: string): void {
  if (!formats.includes(format)) {
    throw invalidImage(name, `is of the format ${show(format)}; what is read is ${formats.join(", ")}`);
  }
  if (pages !== undefined && pages > 1) {
    throw invalidImage(
      name,
      `holds ${pages} frames or pages, where one is expected; save the one that counts alone`,
    );
  }
  if (depth !== "uchar" && depth !== "ushort") {
    throw invalidImage(name, `has samples of the type ${depth}; convert them to 8 or 16 bits`);
  }
  if (!colourSpaces.includes(space)) {
    throw invalidImage(name, `has the colour space ${show(space)}; convert it to RGB or grey`);
  }
}

/** Raw pixels, once their memory is found to be what it says, and of a kind that can be lent to another thread. */
function checkRaw({ data, width, height, channels }: RawImage): RawImage {
  // The checks of node:util hold for views from another realm too, such as a test runner's.
  if (!types.isUint8Array(data) && !types.isUint8ClampedArray(data)) {
    throw invalid("data of a raw image", "a Uint8Array or Uint8ClampedArray", data);
  }
  const { buffer } = data;
  if (!types.isArrayBuffer(buffer) || (buffer as { resizable?: boolean }).resizable) {
    const kind = types.isArrayBuffer(buffer) ? "a resizable ArrayBuffer" : "a SharedArrayBuffer";
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `data of a raw image must lie in an ordinary ArrayBuffer, but lies in ${kind}. Copy it: new Uint8Array(data).`,
    );
  }
  const name = describeImage({ data, width, height, channels });
  if (!isExtent(width) || !isExtent(height)) {
    throw invalidImage(name, "is refused: width and height must be whole numbers from 1 to 65535");
  }
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw invalidImage(
      name,
      `has channels ${show(channels)}; they must be 1 (grey), 3 (RGB) or 4 (RGB and alpha)`,
    );
  }
  const needed = width * height * channels;
  if (data.byteLength !== needed) {
    const detached = data.byteLength === 0 ? " (was its ArrayBuffer transferred to another thread?)" : "";
    throw invalidImage(
      name,
      `with ${channels} channel(s) takes ${needed} bytes, but its data holds ${data.byteLength}${detached}`,
    );
  }
  return { data, width, height, channels };
}

function isExtent(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;
}

function invalidImage(name: string, problem: string, cause?: unknown): ReverseDistillationError {
  return new ReverseDistillationError("INVALID_IMAGE", `${name} ${problem}.`, { cause });
}

/** What libvips says, where it says anything: of some damaged files it does not. */
function reasonOf(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ").trim();
  if (message === "" || message === "Unknown error") return "it is damaged or cut short";
  return message.replace(/\.$/, "");
}
