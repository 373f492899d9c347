import { loadavg } from "node:os";
import { labelRegions } from "../../lib/evaluation/metrics/regions.js";
import type { AnomalyMap } from "../../lib/image/anomaly-map.js";
import { loadAddon } from "../../lib/native/loader.js";
import { findRegions } from "../../lib/regions/find-regions.js";
import type { Region } from "../../lib/image/region.js";
import { distribution, timed } from "../cpu/compare.js";
import { describeEnvironment } from "../environment.js";
import { makeMap, type MapCase } from "./maps.js";
import type { RegionsResult } from "./results.js";

/** Checks the regions of a map, and times the native call and the whole function in turns. */
export async function measure(subject: MapCase, rounds: number): Promise<RegionsResult> {
  const [load] = loadavg();
  const { map, seed, outline } = makeMap(subject);
  const regions = await findRegions(map, { seed, outline });
  requireRight(regions, map, { seed, outline });
  const addon = await loadAddon();
  const worker = new addon.MapWorker();
  const options = { seed, outline, minArea: 1, maxCount: 2 ** 31 - 1 };
  const native: number[] = [];
  const facade: number[] = [];
  for (let round = -3; round < rounds; round++) {
    const times = [
      await timed(() => worker.findRegions(map, options, new addon.CancelToken())),
      await timed(() => findRegions(map, { seed, outline })),
    ];
    // The first rounds warm up.
    if (round < 0) continue;
    native.push(times[0]!);
    facade.push(times[1]!);
  }
  return {
    ...subject,
    regions: regions.length,
    corners: regions.flatMap(({ polygon }) => polygon).reduce((sum, ring) => sum + ring.length, 0),
    native: distribution(native),
    facade: distribution(facade),
    load: load!,
    environment: await describeEnvironment(),
  };
}

/**
 * Compares the areas with those that spreading from pixel to pixel finds, and with those of the polygons.
 *
 * @throws Error if they differ.
 */
function requireRight(
  regions: readonly Region[],
  { data, height, width }: AnomalyMap,
  { seed, outline }: { seed: number; outline: number },
): void {
  const mask = Uint8Array.from(data, (value) => (value >= outline ? 1 : 0));
  const { labels, sizes } = labelRegions(mask, height, width);
  const seeded = new Set<number>();
  data.forEach((value, i) => {
    if (value >= seed) seeded.add(labels[i]! - 1);
  });
  const expected = [...seeded].map((label) => sizes[label]!);
  const ascending = (areas: readonly number[]) => [...areas].sort((a, b) => a - b).join();
  if (ascending(regions.map(({ area }) => area)) !== ascending(expected))
    throw new Error(
      `The areas of ${regions.length} regions are not those of the ${expected.length} expected ones.`,
    );
  for (const { area, polygon } of regions) {
    const inside = polygon.reduce((sum, ring) => sum + shoelace(ring), 0);
    if (inside !== area) throw new Error(`A polygon has the area ${inside}, but its region ${area}.`);
  }
}

function shoelace(ring: Region["polygon"][number]): number {
  const doubled = ring.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
  return doubled / 2;
}
