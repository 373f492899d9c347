import { throwIfAborted } from "../errors/abort.js";
import type { AnomalyMap } from "../image/anomaly-map.js";
import { ownFloats } from "../image/realm.js";
import type { Addon, LentMap } from "../native/addon.js";
import { loadAddon } from "../native/loader.js";
import { fromNative } from "../native/native-error.js";
import { resolveOptions } from "../options/option.js";
import { resizeMapOptions, type ResizeMapOptions } from "../options/regions.js";
import { lendMap } from "./lend-map.js";
import { mapWorker } from "./map-worker.js";

/**
 * Brings a map to the size of its image, so that each value belongs to one pixel. Both cover the same area from edge to
 * edge. Where the map grows, values are interpolated linearly between the centres of its pixels, and those beyond the
 * outermost centres are the outermost values; where it shrinks, they are means.
 *
 * Works off the event loop, on a copy of the map. The largest value may be a little lower than the map's.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`, `OUT_OF_MEMORY`, `ABORTED`, or a code about the addon.
 */
export async function resizeMap(map: AnomalyMap, options: ResizeMapOptions): Promise<AnomalyMap> {
  const { imageSize, signal } = resolveOptions(resizeMapOptions, options);
  const lent = await lendMap(map, undefined, signal);
  const resized = await resizedTo(await loadAddon(), lent, imageSize);
  throwIfAborted(signal);
  return resized;
}

/** Brings a map that no caller of the package may change to another size. */
export async function resizedTo(
  addon: Addon,
  map: LentMap,
  [height, width]: readonly [height: number, width: number],
): Promise<AnomalyMap> {
  try {
    return { data: ownFloats(await mapWorker(addon).resize(map, height, width)), height, width };
  } catch (error) {
    throw fromNative(error);
  }
}
