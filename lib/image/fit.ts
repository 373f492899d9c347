import type { Fit, ModelDescription } from "../options/model.js";
import type { StoredTiles } from "../options/tiles.js";
import type { MapPart } from "./anomaly-map.js";

/** A size in pixels. */
export interface Size {
  height: number;
  width: number;
}

/** The input of the networks, and how images of other proportions come into it. native/pipeline/fit.cpp says the same. */
export interface Frame extends Size {
  fit: Fit;
  /** With "stretch" only. */
  tiles?: StoredTiles | undefined;
}

/** The input of a model. */
export function frameOf({
  imageSize: [height, width],
  fit,
  tiles,
}: Pick<ModelDescription, "imageSize" | "fit" | "tiles">): Frame {
  return { height, width, fit, ...(tiles && { tiles }) };
}

/** A rectangle of an image, in its pixels. */
export interface Rectangle extends Size {
  left: number;
  top: number;
}

/**
 * The pixels of an image that the networks see: for "crop" the most in the centre with the frame's proportions, from an even
 * row and column on, so that a Bayer pattern keeps its order.
 */
export function seenPixels({ height, width }: Size, frame: Frame): Rectangle {
  if (frame.fit !== "crop") return { left: 0, top: 0, height, width };
  const seen =
    width * frame.height > frame.width * height
      ? { height, width: Math.max(Math.min(2, width), scaled(height, frame.width, frame.height)) }
      : { height: Math.max(Math.min(2, height), scaled(width, frame.height, frame.width)), width };
  return {
    ...seen,
    left: 2 * Math.floor((width - seen.width) / 4),
    top: 2 * Math.floor((height - seen.height) / 4),
  };
}

/** The part of an image that the networks see; undefined for the whole image. */
export function seenPart(image: Size, frame: Frame): MapPart | undefined {
  const { left, top, height, width } = seenPixels(image, frame);
  if (height === image.height && width === image.width) return undefined;
  return {
    left: left / image.width,
    top: top / image.height,
    width: width / image.width,
    height: height / image.height,
  };
}

/**
 * The size that an image has in the frame: for "pad" the largest with its proportions, with tiles the one in which a tile is
 * as large as the frame, otherwise the frame's.
 */
export function fittedSize({ height, width }: Size, frame: Frame): Size {
  if (frame.tiles !== undefined) {
    const [rows, columns] = frame.tiles.size;
    return { height: scaled(height, frame.height, rows), width: scaled(width, frame.width, columns) };
  }
  if (frame.fit !== "pad") return { height: frame.height, width: frame.width };
  return width * frame.height > frame.width * height
    ? { height: scaled(height, frame.width, width), width: frame.width }
    : { height: frame.height, width: scaled(width, frame.height, height) };
}

/** length * numerator / denominator, rounded half up, at least 1. */
function scaled(length: number, numerator: number, denominator: number): number {
  return Math.max(1, Math.floor((2 * length * numerator + denominator) / (2 * denominator)));
}
