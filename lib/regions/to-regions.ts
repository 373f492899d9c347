import type { Work } from "../errors/long-work.js";
import type { NativeRegions, RegionMeasures, RegionRing } from "../native/addon.js";
import type { Placement } from "./placement.js";
import type { Point, Region, Ring } from "../image/region.js";

/** Points that are converted between two yields. */
const stride = 2 ** 13;

/** Converts regions from native arrays to objects in pixels of the image. */
export function* toRegions(
  { measures, rings, segments, considered }: NativeRegions,
  placement: Placement,
): Work<Region[]> {
  const regions: Region[] = [];
  for (const values of tuples<RegionMeasures>(measures, 11)) {
    regions.push(toRegion(values, considered, placement));
    if (regions.length % 512 === 0) yield;
  }
  let points = 0;
  for (const [region, begin, count] of tuples<RegionRing>(rings, 3)) {
    const ring: Ring = [];
    let x = segments[2 * (begin + count) - 1]!;
    for (let i = begin; i < begin + count; i++) {
      const [y, end] = [segments[2 * i]!, segments[2 * i + 1]!];
      ring.push(place(x, y, placement), place(end, y, placement));
      x = end;
      if ((points += 2) % stride === 0) yield;
    }
    regions[region]!.polygon.push(ring);
  }
  return regions;
}

function* tuples<Tuple extends number[]>(
  values: Float64Array | Int32Array,
  length: Tuple["length"],
): Generator<Tuple> {
  for (let at = 0; at < values.length; at += length) yield [...values.subarray(at, at + length)] as Tuple;
}

/** A region without its polygon. */
function toRegion(values: RegionMeasures, considered: number, placement: Placement): Region {
  const [left, top, right, bottom, area, centroidX, centroidY, mean, peak, peakX, peakY] = values;
  const [boxLeft, boxTop] = place(left, top, placement);
  const [boxRight, boxBottom] = place(right, bottom, placement);
  return {
    box: { left: boxLeft, top: boxTop, width: boxRight - boxLeft, height: boxBottom - boxTop },
    area: area * placement.scaleX * placement.scaleY,
    share: area / considered,
    centroid: pointOf(place(centroidX, centroidY, placement)),
    peak: { value: peak, ...pointOf(place(peakX + 0.5, peakY + 0.5, placement)) },
    mean,
    polygon: [],
  };
}

function place(x: number, y: number, { left, top, scaleX, scaleY }: Placement): Point {
  return [left + x * scaleX, top + y * scaleY];
}

function pointOf([x, y]: Point): { x: number; y: number } {
  return { x, y };
}
