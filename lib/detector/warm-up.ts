import type { ScorableImage } from "../image/lent-image.js";
import type { ModelDescription } from "../options/model.js";
import type { ResolvedWarmUpOptions } from "../options/warm-up.js";
import type { DetectorParts } from "./parts.js";
import type { Scorer } from "./scorer.js";

/** Scores black images in batches of every size that a device prepares for; see `Detector.warmUp`. */
export async function warmUp(
  scorer: Scorer,
  { model, batching }: Pick<DetectorParts, "model" | "batching">,
  { batchSize = batching.maxBatch, signal }: ResolvedWarmUpOptions,
): Promise<void> {
  const most = model.tiles === undefined ? batchSize : Math.min(batchSize, mostTiles);
  for (const size of batchSizes(most)) await scorer.compute(blankBatch(model, size), signal);
}

/** An image of more tiles would be large, and only a GPU computes more at a time. */
const mostTiles = 8;

/** The sizes for which a GPU records its work (`recorded_size` of native/pipeline/gpu_scoring.h), and the largest itself. */
function batchSizes(most: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < most; size = size < 32 ? 2 * size : size + 32) sizes.push(size);
  return [...sizes, most];
}

/** As many black images, or one of as many tiles. */
function blankBatch({ imageSize, tiles }: ModelDescription, size: number): ScorableImage[] {
  const [height, width] = tiles?.size ?? imageSize;
  const black = (wide: number): ScorableImage => ({
    ...{ data: new Uint8Array(height * wide * 3), height, width: wide, channels: 3 },
  });
  if (tiles !== undefined) return [black(width + (size - 1) * (width - tiles.overlap))];
  return Array.from({ length: size }, () => black(width));
}
