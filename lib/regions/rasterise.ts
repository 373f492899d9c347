import { ReverseDistillationError } from "../errors/error.js";
import { wholeImage, type MapPart } from "../image/anomaly-map.js";
import type { Size } from "../image/fit.js";
import type { InterestMask, InterestPolygons, RegionOfInterest, SharePolygon } from "../options/roi.js";

/** A map, and the part of the image that it shows if that is not the whole. */
type ShownMap = Size & { part?: MapPart | undefined };

/**
 * The region of interest as a mask of a map: 1 for each pixel of the map whose centre lies inside, row by row from the
 * top.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if no pixel lies inside
 */
export function rasterise(roi: RegionOfInterest, map: ShownMap): Uint8Array {
  const part = map.part ?? wholeImage;
  const mask = "mask" in roi ? sampled(roi, map, part) : filled(roi, map, part);
  if (mask.includes(1)) return mask;
  const shown = map.part === undefined ? "an image" : "the part of an image that is seen";
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `The region of interest is empty: it contains the centre of no pixel of the map of ${shown}, ` +
      `${map.height} x ${map.width}. Make include larger or exclude smaller.`,
  );
}

function filled({ include, exclude }: InterestPolygons, map: Size, part: MapPart): Uint8Array {
  const mask = new Uint8Array(map.height * map.width);
  const draw = (polygon: SharePolygon, value: 0 | 1) => fill(mask, map, onMap(polygon, map, part), value);
  if (include === undefined) mask.fill(1);
  else for (const polygon of include) draw(polygon, 1);
  for (const polygon of exclude ?? []) draw(polygon, 0);
  return mask;
}

/** The pixels of a mask on which the centres of the map's pixels lie. */
function sampled({ mask }: InterestMask, { height, width }: Size, part: MapPart): Uint8Array {
  const inside = decoded(mask);
  const columns = Array.from({ length: width }, (_, x) =>
    nearest(part.left + ((x + 0.5) / width) * part.width, mask.width),
  );
  const result = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    const row = mask.width * nearest(part.top + ((y + 0.5) / height) * part.height, mask.height);
    for (let x = 0; x < width; x++) result[y * width + x] = inside[row + columns[x]!]!;
  }
  return result;
}

function nearest(share: number, length: number): number {
  return Math.min(length - 1, Math.floor(share * length));
}

function decoded({ height, width, runs }: InterestMask["mask"]): Uint8Array {
  const inside = new Uint8Array(height * width);
  let at = 0;
  for (const [i, run] of runs.entries()) inside.fill(i % 2, at, (at += run));
  return inside;
}

type Vertex = readonly [x: number, y: number];

function onMap(polygon: SharePolygon, map: Size, { left, top, width, height }: MapPart): Vertex[] {
  return polygon.map(([x, y]) => [((x - left) * map.width) / width, ((y - top) * map.height) / height]);
}

/** Sets the pixels whose centres lie in a polygon, by the even-odd rule. */
function fill(mask: Uint8Array, { height, width }: Size, polygon: readonly Vertex[], value: 0 | 1): void {
  const rows = polygon.map(([, y]) => y);
  const first = Math.max(0, Math.floor(Math.min(...rows)));
  const last = Math.min(height, Math.ceil(Math.max(...rows)));
  for (let row = first; row < last; row++) {
    const crossings = crossingsAt(polygon, row + 0.5);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = column(crossings[i]!, width);
      const to = column(crossings[i + 1]!, width);
      mask.fill(value, row * width + from, row * width + to);
    }
  }
}

/** The first column whose centre is at or right of x. */
function column(x: number, width: number): number {
  return Math.min(width, Math.max(0, Math.ceil(x - 0.5)));
}

/** Where the edges of a polygon cross a line, from left to right. An edge contains its upper end, but not its lower one. */
function crossingsAt(polygon: readonly Vertex[], line: number): Float64Array {
  const crossings: number[] = [];
  let previous = polygon.at(-1)!;
  for (const vertex of polygon) {
    // From top to bottom, so that neighbours that share an edge round its crossings alike.
    const [[x0, y0], [x1, y1]] = previous[1] <= vertex[1] ? [previous, vertex] : [vertex, previous];
    if (y0 <= line && line < y1) crossings.push(x0 + ((line - y0) / (y1 - y0)) * (x1 - x0));
    previous = vertex;
  }
  return Float64Array.from(crossings).sort();
}
