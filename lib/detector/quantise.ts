import { Callback } from "../errors/callback.js";
import { ReverseDistillationError } from "../errors/error.js";
import { openTrainingSource } from "../evaluation/training-images.js";
import { decodeInTurn, decoders } from "../image/decode-in-turn.js";
import type { ImageInput } from "../image/input.js";
import type { ScorableImage } from "../image/lent-image.js";
import type { RawImage } from "../image/raw-image.js";
import { readAhead } from "../image/read-ahead.js";
import type { ImageSource } from "../image/source.js";
import type { resolveQuantiseOptions } from "../options/quantise.js";
import type { Quantisation } from "../model-file/quantisation.js";
import type { DetectorParts } from "./parts.js";
import type { Scorer } from "./scorer.js";

/** As many as make a batch efficient. */
const batchSize = 8;

/**
 * Finds where the activations of a detector's networks end on good images; see `Detector.quantise`.
 *
 * @param options Checked.
 */
export async function quantise(
  source: ImageSource,
  scorer: Scorer,
  { native, model: { levels, tiles } }: DetectorParts,
  options: ReturnType<typeof resolveQuantiseOptions>,
): Promise<Quantisation> {
  const { good, format, images: most, maxPixels, onProgress, signal } = options;
  if (native.config.device !== "cpu") {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      'Scoring in 8 bits is for CPUs: load the detector with device: "cpu" to quantise it.',
    );
  }
  const { images, total } = await openTrainingSource(source, { good, format });
  const progress = new Callback("onProgress", onProgress);
  const shrink = (image: RawImage) => scorer.shrink(image);
  const read = (input: ImageInput) => decodeInTurn(input, { shrink, levels, tiles, maxPixels, signal });

  let seen = 0;
  let batch: ScorableImage[] = [];
  const flush = async () => {
    await scorer.observe(batch, signal);
    seen += batch.length;
    batch = [];
    progress.call({ images: seen, total: total && Math.min(total, most) });
    await progress.settled(signal);
  };
  try {
    for await (const image of readAhead(spread(images, total, most), read, { limit: decoders, signal })) {
      if (batch.push(image) === batchSize) await flush();
    }
    if (batch.length > 0) await flush();
  } catch (error) {
    // What has been observed so far must not count for the next quantisation.
    await native.activationRanges().catch(() => undefined);
    throw error;
  }
  if (seen === 0)
    throw new ReverseDistillationError("NO_IMAGES", "There are no good images to quantise with.");
  return { images: seen, ranges: await native.activationRanges() };
}

/** At most `most` items: spread evenly if their number is known, or else the first ones. */
async function* spread<T>(
  items: Iterable<T> | AsyncIterable<T>,
  total: number | undefined,
  most: number,
): AsyncGenerator<T> {
  const step = Math.max(1, (total ?? most) / most);
  let index = 0;
  let chosen = 0;
  for await (const item of items) {
    if (index++ < Math.floor(chosen * step)) continue;
    yield item;
    if (++chosen === most) return;
  }
}
