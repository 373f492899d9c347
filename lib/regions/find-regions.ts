import { inTurns } from "../errors/long-work.js";
import { invalid } from "../errors/validate.js";
import type { AnomalyMap } from "../image/anomaly-map.js";
import type { Addon, LentMap } from "../native/addon.js";
import { cancellable } from "../native/cancellable.js";
import { loadAddon } from "../native/loader.js";
import { resolveOptions } from "../options/option.js";
import {
  findRegionsOptions,
  type FindRegionsOptions,
  type ResolvedRegionLimits,
} from "../options/regions.js";
import type { Region } from "../image/region.js";
import { lendMap } from "./lend-map.js";
import { mapWorker } from "./map-worker.js";
import { placementOf, type Placement } from "./placement.js";
import { toRegions } from "./to-regions.js";

/**
 * Finds the regions of a map, by hysteresis: pixels at or above `outline` that touch by a side or a corner, at least one
 * of which is at or above `seed`. The region with the highest peak comes first.
 *
 * Works off the event loop, on a copy of the map.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`, also if a value of the map is not finite, or if no pixel is in the
 * region of interest; `OUT_OF_MEMORY`, `ABORTED`, or a code about the addon.
 */
export async function findRegions(map: AnomalyMap, options: FindRegionsOptions): Promise<Region[]> {
  const { seed, outline = seed, mask, imageSize, ...rest } = resolveOptions(findRegionsOptions, options);
  if (outline > seed) throw invalid("outline", `at most seed, which is ${seed}`, outline);
  const lent = await lendMap(map, mask, rest.signal);
  const [height, width] = imageSize ?? [lent.height, lent.width];
  const placement = placementOf(lent, { height, width });
  return regionsOf(await loadAddon(), lent, { ...rest, seed, outline, placement });
}

/** How {@link regionsOf} finds regions. */
export interface RegionSearch extends ResolvedRegionLimits {
  seed: number;
  outline: number;
  placement: Placement;
  signal?: AbortSignal | undefined;
}

/**
 * Finds the regions of a map that no caller of the package may change.
 *
 * @throws ReverseDistillationError as {@link findRegions}
 */
export async function regionsOf(
  addon: Addon,
  map: LentMap,
  { seed, outline, minArea, maxCount, placement, signal }: RegionSearch,
): Promise<Region[]> {
  const options = {
    seed,
    outline,
    minArea: mapPixels(minArea ?? 0, placement),
    maxCount: maxCount ?? mostRegions,
  };
  const found = await cancellable(addon, signal, (token) =>
    mapWorker(addon).findRegions(map, options, token),
  );
  return inTurns(toRegions(found, placement), signal);
}

const mostRegions = 2 ** 31 - 1;

/** The least number of the map's pixels that cover an area of the image. */
function mapPixels(area: number, { scaleX, scaleY }: Placement): number {
  // What rounding adds must not cost a pixel.
  const pixels = Math.ceil((area / (scaleX * scaleY)) * (1 - 1e-12));
  return Math.min(pixels, Number.MAX_SAFE_INTEGER);
}
