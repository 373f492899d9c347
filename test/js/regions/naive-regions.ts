import type { AnomalyMap, Region } from "../../../lib/index.js";

/** A region by its pixels: index by index, ascending. */
export interface NaiveRegion {
  pixels: number[];
  peak: number;
}

/**
 * The regions of a map by their definition: spreads from every pixel that is at or above the seed, over those at or
 * above the outline. The highest peak comes first, then the first pixel.
 */
export function naiveRegions(
  { data, height, width }: AnomalyMap,
  { seed, outline = seed, mask }: { seed: number; outline?: number; mask?: Uint8Array },
): NaiveRegion[] {
  const reached = new Set<number>();
  const belongs = (i: number) => data[i]! >= outline && mask?.[i] !== 0;
  const regions: NaiveRegion[] = [];
  for (let start = 0; start < data.length; start++) {
    if (!(data[start]! >= seed) || !belongs(start) || reached.has(start)) continue;
    const pixels = new Set([start]);
    // Sets are read on as they grow.
    for (const pixel of pixels)
      for (const other of neighbours(pixel, height, width)) if (belongs(other)) pixels.add(other);
    for (const pixel of pixels) reached.add(pixel);
    regions.push({
      pixels: [...pixels].sort((a, b) => a - b),
      peak: Math.max(...[...pixels].map((pixel) => data[pixel]!)),
    });
  }
  return regions.sort((a, b) => b.peak - a.peak || a.pixels[0]! - b.pixels[0]!);
}

function neighbours(pixel: number, height: number, width: number): number[] {
  const [y, x] = [Math.floor(pixel / width), pixel % width];
  return [-1, 0, 1]
    .flatMap((dy) => [-1, 0, 1].map((dx) => [y + dy, x + dx] as const))
    .filter(([row, column]) => row >= 0 && row < height && column >= 0 && column < width)
    .map(([row, column]) => row * width + column);
}

/** What a region of a map in its own pixels should be, apart from its polygon. */
export function described(
  { pixels, peak }: NaiveRegion,
  map: AnomalyMap,
  considered: number,
): Omit<Region, "polygon"> {
  const columns = pixels.map((pixel) => pixel % map.width);
  const rows = pixels.map((pixel) => Math.floor(pixel / map.width));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [left, top] = [Math.min(...columns), Math.min(...rows)];
  const at = pixels.find((pixel) => map.data[pixel] === peak)!;
  return {
    box: { left, top, width: Math.max(...columns) + 1 - left, height: Math.max(...rows) + 1 - top },
    area: pixels.length,
    share: pixels.length / considered,
    centroid: { x: mean(columns) + 0.5, y: mean(rows) + 0.5 },
    peak: { value: peak, x: (at % map.width) + 0.5, y: Math.floor(at / map.width) + 0.5 },
    mean: mean(pixels.map((pixel) => map.data[pixel]!)),
  };
}

/** Twice the area inside a ring: positive if it runs clockwise as seen in the image. */
export function doubleArea(ring: Region["polygon"][number]): number {
  return ring.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
}

/** The pixels of a map whose centres lie inside a polygon, by the even-odd rule. */
export function pixelsInside(polygon: Region["polygon"], height: number, width: number): number[] {
  const inside = (x: number, y: number) =>
    polygon.reduce((crossed, ring) => crossed + crossings(ring, x, y), 0) % 2 === 1;
  return Array.from({ length: height * width }, (_, i) => i).filter((i) =>
    inside((i % width) + 0.5, Math.floor(i / width) + 0.5),
  );
}

/** How many sides of a ring lie straight to the left of a point. */
function crossings(ring: Region["polygon"][number], x: number, y: number): number {
  return ring.filter(([fromX, fromY], i) => {
    const [, toY] = ring[(i + 1) % ring.length]!;
    return fromX < x && fromY > y !== toY > y;
  }).length;
}
