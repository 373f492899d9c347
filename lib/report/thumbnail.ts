import sharp, { type Sharp } from "sharp";
import { eightBits, renderHeatmap, type QuantisedMap } from "../image/heatmap.js";
import type { Outlines } from "../options/heatmap.js";
import type { RawImage } from "../image/raw-image.js";
import type { LevelRange } from "../options/levels.js";

/** An image, small, and the same with its anomaly map on top. */
export interface Thumbnail {
  width: number;
  height: number;
  /** WebP. */
  plain: Buffer;
  overlay: Buffer;
}

/** How thumbnails are drawn: but for the outlines, the same for all of a page. */
export interface ThumbnailOptions {
  /** Outlines of regions, in pixels of the image. */
  outlines: Outlines;
  /** The map value that gets the strongest colour. */
  scaleEnd: number;
  levels: LevelRange | undefined;
  /** Length of the longer side, in pixels. */
  side: number;
  /** The most that one of the two pictures may take. */
  bytes: number;
}

/** Draws the thumbnails of an image of any size. */
export async function drawThumbnail(
  image: RawImage,
  map: QuantisedMap,
  { outlines, scaleEnd, levels, side, bytes }: ThumbnailOptions,
): Promise<Thumbnail> {
  const { data, width, height, channels } = eightBits(image, levels);
  const small = await sharp(data, { raw: { width, height, channels } })
    .removeAlpha()
    .toColourspace("srgb")
    .resize(side, side, { fit: "inside" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const size = { width: small.info.width, height: small.info.height };
  const shrunk = outlines.map((ring) =>
    ring.map(([x, y]) => [(x * size.width) / width, (y * size.height) / height] as const),
  );
  const pixels: RawImage = { ...size, data: small.data, channels: 3 };
  return {
    ...size,
    plain: await encode(sharp(small.data, { raw: { ...size, channels: 3 } }), bytes),
    overlay: await encode(sharp(await renderHeatmap(pixels, map, scaleEnd, { outlines: shrunk })), bytes),
  };
}

/** From the best quality on, until a picture is small enough. Pictures of noise stay too large, so the last one is coarse. */
const qualities = [80, 60, 40, 20, 1];

async function encode(picture: Sharp, bytes: number): Promise<Buffer> {
  let encoded = Buffer.alloc(0);
  for (const quality of qualities) {
    encoded = await picture.clone().webp({ quality }).toBuffer();
    if (encoded.length <= bytes) break;
  }
  return encoded;
}
