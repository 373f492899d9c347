import { throwIfAborted } from "../errors/abort.js";
import { wholeImage, type AnomalyMap } from "../image/anomaly-map.js";
import type { Size } from "../image/fit.js";
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
  const [height, width] = imageSize;
  const resized = await resizedTo(await loadAddon(), lent, { height, width });
  throwIfAborted(signal);
  return resized;
}

/** Brings a map that no caller of the package may change to the size of its image; what it does not show is 0. */
export async function resizedTo(addon: Addon, map: LentMap, { height, width }: Size): Promise<AnomalyMap> {
  const part = map.part ?? wholeImage;
  const [rows, columns] = [Math.round(part.height * height), Math.round(part.width * width)];
  let shown: Float32Array;
  try {
    shown = ownFloats(await mapWorker(addon).resize(map, rows, columns));
  } catch (error) {
    throw fromNative(error);
  }
  if (rows === height && columns === width) return { data: shown, height, width };
  const data = new Float32Array(height * width);
  const [left, top] = [Math.round(part.left * width), Math.round(part.top * height)];
  for (let y = 0; y < rows; y++)
    data.set(shown.subarray(y * columns, (y + 1) * columns), (top + y) * width + left);
  return { data, height, width };
}
