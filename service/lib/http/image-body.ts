import type { FastifyRequest } from "fastify";

import type { Static } from "typebox";
import { ServiceError } from "../problems/service-error.js";
import type { GivenImage } from "../store/image-file.js";
import { isRaw, rawImage, type PixelLayout } from "./raw-pixels.js";

/**
 * The image of a request: an encoded file as the body or as the first file of a form, or raw pixels.
 *
 * @throws ServiceError `UNSUPPORTED_MEDIA_TYPE`, `INVALID_REQUEST`, `BODY_TOO_LARGE`
 */
export async function imageOf(
  request: FastifyRequest,
  layout: Static<typeof PixelLayout>,
  maxPixels: number,
): Promise<GivenImage> {
  const bytes = request.isMultipart() ? await fileOf(request) : bodyOf(request);
  if (bytes.length === 0)
    throw new ServiceError("INVALID_REQUEST", "The image is empty. Send it as the body.");
  return isRaw(layout) ? rawImage(bytes, layout, maxPixels) : bytes;
}

async function fileOf(request: FastifyRequest): Promise<Buffer> {
  const file = await request.file();
  if (file === undefined)
    throw new ServiceError("INVALID_REQUEST", "The form has no file. Send the image as one.");
  return file.toBuffer();
}

function bodyOf({ headers, body }: FastifyRequest): Buffer {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined && !type.startsWith("image/") && type !== "application/octet-stream")
    throw new ServiceError(
      "UNSUPPORTED_MEDIA_TYPE",
      `The content type is ${JSON.stringify(type)}; it must be image/*, application/octet-stream or multipart/form-data.`,
    );
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
