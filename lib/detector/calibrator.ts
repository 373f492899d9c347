import { outlineShare, requireEnough, type StoredCalibration } from "../calibration/calibration.js";
import type { ImageStatistics } from "../calibration/image-statistics.js";
import { findOutliers, type Outlier } from "../calibration/outliers.js";
import { PixelQuantile } from "../calibration/pixel-quantile.js";
import { counted } from "../errors/counted.js";
import { ReverseDistillationError } from "../errors/error.js";
import { printable } from "../files/system-path.js";
import type { ScorableImage } from "../image/lent-image.js";
import type { Rates } from "../options/calibration.js";
import type { ComputedScore } from "./computed-score.js";

/** An image, and what messages call it. */
export interface NamedImage {
  name: string;
  image: ScorableImage;
}

/** Scores images as one batch. */
export type ScoreBatch = (images: readonly ScorableImage[]) => Promise<ComputedScore[]>;

/** As many as make a batch efficient; more would only need more memory. */
const batchSize = 8;

/**
 * Scores good images in batches, and calibrates thresholds on their scores. Warns of images that are far above the rest.
 *
 * @param onScored Called with the number of images that have been scored.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if there are too few images for a rate, `NO_IMAGES`, and what reading
 * and scoring the images throws.
 */
export async function calibrateOn(
  images: Iterable<NamedImage> | AsyncIterable<NamedImage>,
  score: ScoreBatch,
  rates: Rates,
  onScored: (images: number) => Promise<void>,
): Promise<{ stored: StoredCalibration; outliers: Outlier[] }> {
  const scored: Outlier[] = [];
  const statistics: ImageStatistics[] = [];
  const pixels = new PixelQuantile();
  let batch: NamedImage[] = [];
  const flush = async () => {
    const results = await score(batch.map(({ image }) => image));
    for (const [i, { score, map, mask, image }] of results.entries()) {
      scored.push({ image: batch[i]!.name, score });
      statistics.push(image);
      pixels.add(map, mask);
    }
    batch = [];
    await onScored(scored.length);
  };
  for await (const image of images) if (batch.push(image) === batchSize) await flush();
  if (batch.length > 0) await flush();
  if (scored.length === 0) {
    throw new ReverseDistillationError("NO_IMAGES", "There are no good images to calibrate on.");
  }
  const scores = scored.map(({ score }) => score);
  requireEnough(rates, scores.length);
  const outliers = findOutliers(scored);
  if (outliers.length > 0) warnOfOutliers(outliers, scored.length);
  const outline = pixels.value(outlineShare);
  return { stored: { scores, images: statistics, outline, ...rates }, outliers };
}

/** As many as one can look at. */
const mostNamed = 5;

function warnOfOutliers(outliers: readonly Outlier[], total: number): void {
  const names = outliers
    .slice(0, mostNamed)
    .map(({ image, score }) => `${printable(image)} (${score.toPrecision(4)})`);
  const more = outliers.length > mostNamed ? ` and ${outliers.length - mostNamed} more` : "";
  process.emitWarning(
    `${outliers.length} of ${counted(total, "image")} that the thresholds are calibrated on scored far above the rest, and may ` +
      `show defects, which raise the thresholds: ${names.join(", ")}${more}. Remove defective parts and calibrate again.`,
    { type: "ReverseDistillationWarning", code: "CALIBRATION_OUTLIERS" },
  );
}
