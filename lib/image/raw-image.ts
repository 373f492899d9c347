import { types } from "node:util";
import { ReverseDistillationError } from "../errors/error.js";
import { reading } from "../errors/reading.js";
import { show } from "../errors/validate.js";
import { invalidImage } from "./invalid-image.js";

/** Pixels with 8 bits per channel, rows from the top, channels interleaved. 1: grey, 3: RGB, 4: RGB and an alpha, which is dropped. */
export interface RawImage {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
}

/** The longest side, and the most bytes: of a 32-bit length, as the longest Buffer of Node.js 20 has. */
const longestSide = 2 ** 31 - 1;

/** Whether it is raw pixels, which are borrowed from their owner. Whether they are sound is for {@link checkRaw}. */
export function isRawLike(input: unknown): input is RawImage {
  return (
    typeof input === "object" &&
    input !== null &&
    reading("an image", () => "data" in input && "width" in input && "height" in input)
  );
}

/**
 * Checks that raw pixels fit their size, and that their memory can be lent to another thread.
 *
 * @throws ReverseDistillationError `INVALID_IMAGE`, `INVALID_ARGUMENT`
 */
export function checkRaw({ data, width, height, channels }: RawImage): RawImage {
  // The checks of node:util hold for views from another realm too, such as a test runner's.
  if (!types.isUint8Array(data) && !types.isUint8ClampedArray(data)) {
    // Values are not shown: they are pixels.
    const given: unknown = data;
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `data of a raw image must be a Uint8Array or Uint8ClampedArray; got ${typeName(given)}.`,
    );
  }
  const { buffer } = data;
  if (!types.isArrayBuffer(buffer) || (buffer as { resizable?: boolean }).resizable) {
    const kind = types.isArrayBuffer(buffer) ? "a resizable ArrayBuffer" : "a SharedArrayBuffer";
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `data of a raw image must lie in an ordinary ArrayBuffer; got ${kind}. Copy it: new Uint8Array(data).`,
    );
  }
  const name = `A raw image of ${show(width)} x ${show(height)}`;
  if (!isSide(width) || !isSide(height)) {
    throw invalidImage(name, `is refused: width and height must be whole numbers from 1 to ${longestSide}`);
  }
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    const canvas = channels === undefined ? " (of an ImageData they are 4)" : "";
    throw invalidImage(
      name,
      `has channels ${show(channels)}; they must be 1 (grey), 3 (RGB) or 4 (RGB and alpha)${canvas}`,
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

/** The name of a value's class, or else of its type. */
function typeName(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  const name: unknown = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === "string" ? name : "object";
}

function isSide(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= longestSide;
}
