import type { RawImage } from "reverse-distillation";
import Type, { type Static } from "typebox";
import { ServiceError } from "../problems/service-error.js";

/** How the pixels of a body lie in memory; the names are those of the package's raw images. */
export const PixelLayout = Type.Object({
  width: Type.Optional(Type.Integer({ minimum: 1, description: "The body is raw pixels: their columns." })),
  height: Type.Optional(Type.Integer({ minimum: 1, description: "Rows of raw pixels." })),
  channels: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 4,
      default: 3,
      description: "1 (grey or Bayer), 3 (RGB) or 4 (RGB, alpha).",
    }),
  ),
  depth: Type.Optional(
    Type.Integer({
      minimum: 8,
      maximum: 16,
      default: 8,
      description: "Bits per value. More than 8 are sent as two bytes, the lower one first.",
    }),
  ),
  order: Type.Optional(
    Type.String({ description: 'Order of the colours: "rgb", "bgr" or "bayer_rggb" and so on.' }),
  ),
  stride: Type.Optional(
    Type.Integer({ minimum: 1, description: "Bytes from one row to the next, if rows are padded." }),
  ),
});

/** Whether the layout says that the body is raw pixels. */
export function isRaw({ width, height }: Static<typeof PixelLayout>): boolean {
  return width !== undefined || height !== undefined;
}

/**
 * Pixels of a request. Whether they fit their size is checked where they are scored.
 *
 * @throws ServiceError `INVALID_REQUEST`; `BODY_TOO_LARGE` for too many pixels.
 */
export function rawImage(
  bytes: Buffer,
  { width, height, channels = 3, depth = 8, ...rest }: Static<typeof PixelLayout>,
  maxPixels: number,
): RawImage {
  if (width === undefined || height === undefined)
    throw new ServiceError("INVALID_REQUEST", "Raw pixels need both width and height.");
  requirePixels(width, height, maxPixels);
  const image = { width, height, channels, ...rest } as Omit<RawImage, "data">;
  if (depth === 8) return { ...image, data: bytes };
  if (bytes.length % 2 !== 0)
    throw new ServiceError(
      "INVALID_REQUEST",
      `Pixels of ${depth} bits take two bytes a value; got ${bytes.length} bytes.`,
    );
  // The values must start at a multiple of two.
  return {
    ...image,
    depth,
    data: new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
  };
}

/** @throws ServiceError `BODY_TOO_LARGE` */
export function requirePixels(width: number, height: number, maxPixels: number): void {
  if (width * height > maxPixels)
    throw new ServiceError(
      "BODY_TOO_LARGE",
      `An image of ${width} x ${height} has ${width * height} pixels; at most ${maxPixels} are allowed.`,
    );
}
