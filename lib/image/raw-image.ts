import { types } from "node:util";
import { ReverseDistillationError } from "../errors/error.js";
import { reading } from "../errors/reading.js";
import { integer, oneOf, record, show } from "../errors/validate.js";
import { invalidImage } from "./invalid-image.js";
import { ownPixels } from "./realm.js";

/** Decoded pixels, rows from the top, channels interleaved. */
export interface RawImage {
  /** 8 bits per value, or up to 16 bits in the machine's byte order. */
  data: Uint8Array | Uint8ClampedArray | Uint16Array;
  width: number;
  height: number;
  /** 1: grey, or one colour per pixel (Bayer); 3: RGB; 4: RGB and an alpha, which is dropped. */
  channels: 1 | 3 | 4;
  /**
   * Bits per value of a `Uint16Array`, 9 to 16, if the camera uses only the lower bits: white is 2 ** depth - 1. Default:
   * 16.
   */
  depth?: number;
  /** Order of the colours. Default: "rgb". */
  order?: PixelOrder;
  /** Bytes from the start of one row to the start of the next, if rows are padded. */
  stride?: number;
}

/** The values of {@link PixelOrder}. */
export const pixelOrders = ["rgb", "bgr", "bayer_rggb", "bayer_bggr", "bayer_grbg", "bayer_gbrg"] as const;

/**
 * Order of the colours: within a pixel ("rgb", "bgr"; an alpha comes last), or on a colour sensor with one value per pixel
 * ("bayer_..."), named by the first two pixels of the first row, then of the second. Bayer images have `channels: 1`.
 */
export type PixelOrder = (typeof pixelOrders)[number];

const keys = ["data", "width", "height", "channels", "depth", "order", "stride"];
/** The longest side of an image, in pixels. */
export const longestSide = 2 ** 31 - 1;

/** Whether the input is raw pixels. {@link checkRaw} checks them. */
export function isRawLike(input: unknown): input is RawImage {
  return (
    typeof input === "object" &&
    input !== null &&
    reading("an image", () => "data" in input && "width" in input && "height" in input)
  );
}

/** Whether the image has one colour per pixel, as a Bayer sensor delivers it. */
export function isBayer({ order }: Pick<RawImage, "order">): boolean {
  return order?.startsWith("bayer_") ?? false;
}

/** Bytes from the start of one row to the start of the next. */
export function rowStride({ data, width, channels, stride }: RawImage): number {
  return stride ?? width * channels * data.BYTES_PER_ELEMENT;
}

/**
 * Checks that raw pixels fit their size, and that their memory can be lent to another thread.
 *
 * @throws ReverseDistillationError `INVALID_IMAGE`, `INVALID_ARGUMENT`
 */
export function checkRaw(image: RawImage): RawImage {
  const { data, width, height, channels, depth, order, stride } = image;
  if (channels === undefined && "colorSpace" in image) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      "an image must not be the ImageData of a canvas; pass { data, width, height, channels: 4 } of it.",
    );
  }
  // An unknown key could change the meaning of the others.
  record("a raw image", image, keys);
  checkMemory(data);
  const name = `A raw image of ${show(width)} x ${show(height)}`;
  const bayer = isBayer({ order });
  const least = bayer ? 2 : 1;
  if (!isSide(width, least) || !isSide(height, least)) {
    throw invalidImage(
      name,
      `is refused: width and height must be whole numbers from ${least} to ${longestSide}`,
    );
  }
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw invalidImage(
      name,
      `has channels ${show(channels)}; they must be 1 (grey), 3 (RGB) or 4 (RGB and alpha)`,
    );
  }
  const checked: RawImage = { data: ownPixels(data), width, height, channels };
  if (depth !== undefined) {
    if (data.BYTES_PER_ELEMENT === 1) integer("depth of a raw image of 8 bits", depth, 8, 8);
    else checked.depth = integer("depth of a raw image", depth, 9, 16);
  }
  if (order !== undefined) {
    oneOf("order of a raw image", order, pixelOrders);
    if (bayer && channels !== 1) throw invalidImage(name, `has the order ${order}, which needs channels 1`);
    if (order === "bgr" && channels === 1) {
      throw invalidImage(name, "has the order bgr, which needs channels 3 or 4");
    }
    if (order !== "rgb") checked.order = order;
  }
  checkLength(checked, stride, name);
  if (stride !== undefined && stride !== rowStride(checked)) checked.stride = stride;
  return checked;
}

function checkMemory(data: RawImage["data"]): void {
  // The checks of node:util hold for views from another realm too, such as a test runner's.
  if (!types.isUint8Array(data) && !types.isUint8ClampedArray(data) && !types.isUint16Array(data)) {
    // Pixel values do not belong in a message.
    const given: unknown = data;
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `data of a raw image must be a Uint8Array, Uint8ClampedArray or Uint16Array; got ${typeName(given)}.`,
    );
  }
  const { buffer } = data;
  if (!types.isArrayBuffer(buffer) || (buffer as { resizable?: boolean }).resizable) {
    const kind = types.isArrayBuffer(buffer) ? "a resizable ArrayBuffer" : "a SharedArrayBuffer";
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `data of a raw image must lie in an ordinary ArrayBuffer; got ${kind}. Copy it: new ${data.constructor.name}(data).`,
    );
  }
}

/** The name of a value's class, or else of its type. */
function typeName(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  const name: unknown = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === "string" ? name : "object";
}

function checkLength(image: RawImage, stride: number | undefined, name: string): void {
  const { data, height, channels } = image;
  const row = rowStride(image);
  if (stride !== undefined) {
    const size = data.BYTES_PER_ELEMENT;
    if (!Number.isInteger(stride) || stride < row || stride % size !== 0) {
      const whole = size === 1 ? "" : " and even";
      throw invalidImage(
        name,
        `has the stride ${show(stride)}; it must be a whole number of bytes${whole}, at least ${row}`,
      );
    }
  }
  // The last row may lack its padding.
  const least = (stride ?? row) * (height - 1) + row;
  const most = (stride ?? row) * height;
  if (data.byteLength >= least && data.byteLength <= most) return;
  const detached = data.byteLength === 0 ? " (was its ArrayBuffer transferred to another thread?)" : "";
  throw invalidImage(
    name,
    `with ${channels} channel(s) needs ${least} bytes, but its data has ${data.byteLength}${detached}`,
  );
}

function isSide(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= longestSide;
}
