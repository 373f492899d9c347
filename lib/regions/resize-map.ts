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
  const whole = rows === height && columns === width;
  if (whole && map.mask === undefined) return { data: shown, height, width };
  const data = whole ? shown : new Float32Array(height * width);
  const [left, top] = [Math.round(part.left * width), Math.round(part.top * height)];
  if (!whole)
    for (let y = 0; y < rows; y++)
      data.set(shown.subarray(y * columns, (y + 1) * columns), (top + y) * width + left);
  if (map.mask === undefined) return { data, height, width };
  const mask = new Uint8Array(height * width);
  for (let y = 0; y < rows; y++) {
    const row = map.width * Math.floor(((y + 0.5) * map.height) / rows);
    const at = (top + y) * width + left;
    for (let x = 0; x < columns; x++)
      mask[at + x] = map.mask[row + Math.floor(((x + 0.5) * map.width) / columns)]!;
  }
  // Beyond the edge of the region, the map is interpolated between its values and 0.
  for (let i = 0; i < data.length; i++) if (mask[i] === 0) data[i] = 0;
  return { data, height, width, mask };
}
