import { throwIfAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import { messageOf } from "../errors/message-of.js";
import { reading } from "../errors/reading.js";
import { invalid } from "../errors/validate.js";
import { heatmapOptions, type DrawHeatmapOptions } from "../options/heatmap.js";
import { resolveOptions } from "../options/option.js";
import { checkedMap, type AnomalyMap } from "./anomaly-map.js";
import { decodeInTurn } from "./decode-in-turn.js";
import type { ImageInput } from "./decode.js";
import { quantiseMap, renderHeatmap } from "./heatmap.js";

/** The longest side of a WebP picture, in pixels. */
const longestWebp = 16_383;

/**
 * Draws an anomaly map over its image, at the image's size. The more anomalous a place is, the lighter and more opaque
 * its colour; places near 0 stay as they are.
 *
 * @param image The image that the map is of.
 * @param map The map of its score.
 * @returns the encoded picture.
 * @throws ReverseDistillationError `INVALID_ARGUMENT`; `INVALID_IMAGE`, `NOT_FOUND` or `IO` if the image cannot be
 * read or the picture cannot be encoded; `ABORTED`.
 */
export async function drawHeatmap(
  image: ImageInput,
  map: AnomalyMap,
  options: DrawHeatmapOptions = {},
): Promise<Buffer> {
  const { scaleEnd, format, maxPixels, signal, ...shown } = resolveOptions(heatmapOptions, options);
  const checked = reading("map", () => checkedMap(map));
  if (checked.data.length === 0)
    throw invalid("map", "a map of at least one value", `${map.height} x ${map.width} values`);
  const quantised = quantiseMap(checked);
  if (!Number.isFinite(quantised.peak)) throw invalid("map", "a map of finite values", quantised.peak);
  const decoded = await decodeInTurn(image, { maxPixels, signal });
  const longest = Math.max(decoded.width, decoded.height);
  if (format === "webp" && longest > longestWebp)
    throw invalid("format", `"png" for an image of more than ${longestWebp} pixels a side`, format);
  // A map of zeros alone has no scale; any end shows it as it is.
  const end = scaleEnd ?? (quantised.peak || 1);
  const picture = await renderHeatmap(decoded, quantised, end, { ...shown, format }).catch(
    (error: unknown) => {
      throw new ReverseDistillationError(
        "INVALID_IMAGE",
        `The heatmap of an image of ${decoded.width} x ${decoded.height} pixels could not be drawn: ${messageOf(error)}`,
        { cause: error },
      );
    },
  );
  throwIfAborted(signal);
  return picture;
}
