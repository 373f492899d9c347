import { wholeImage, type MapPart } from "../image/anomaly-map.js";
import type { Size } from "../image/fit.js";

/** Where a map lies in its image: a point (x, y) of the map is at (left + x * scaleX, top + y * scaleY) of the image. */
export interface Placement {
  left: number;
  top: number;
  scaleX: number;
  scaleY: number;
}

/** The placement of a map in an image of this size, from edge to edge of the part that it shows. */
export function placementOf(map: Size & { part?: MapPart | undefined }, image: Size): Placement {
  const part = map.part ?? wholeImage;
  return {
    left: part.left * image.width,
    top: part.top * image.height,
    scaleX: (part.width * image.width) / map.width,
    scaleY: (part.height * image.height) / map.height,
  };
}
