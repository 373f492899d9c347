import type { StoredCalibration } from "../calibration/calibration.js";
import type { Outlier } from "../calibration/outliers.js";
import { Callback } from "../errors/callback.js";
import { ReverseDistillationError } from "../errors/error.js";
import { openTrainingSource } from "../evaluation/training-images.js";
import { printable } from "../files/system-path.js";
import { decodeInTurn, decoders } from "../image/decode-in-turn.js";
import { imageIdentity, shortDigest } from "../image/digest.js";
import { nameOfImage, type ImageInput } from "../image/input.js";
import { isRawLike, type RawImage } from "../image/raw-image.js";
import { readAhead } from "../image/read-ahead.js";
import type { ImageSource } from "../image/source.js";
import type { resolveCalibrateOptions } from "../options/calibrate.js";
import { rateOptions } from "../options/calibration.js";
import { pickOptions } from "../options/option.js";
import { calibrateOn } from "./calibrator.js";
import type { DetectorParts } from "./parts.js";
import type { Scorer } from "./scorer.js";

/**
 * Scores good images and calibrates thresholds on their scores; see `Detector.calibrate`.
 *
 * @param options Checked.
 */
export async function calibrate(
  source: ImageSource,
  scorer: Scorer,
  { native, model, trained }: DetectorParts,
  options: ReturnType<typeof resolveCalibrateOptions>,
): Promise<{ stored: StoredCalibration; outliers: Outlier[] }> {
  const { good, format, allowTrained, maxPixels, onProgress, signal } = options;
  const { images, total } = await openTrainingSource(source, { good, format });
  const progress = new Callback("onProgress", onProgress);
  const known = new Set(allowTrained ? [] : trained);
  const { levels, tiles } = model;

  const read = async (input: ImageInput, index: number) => {
    const name = nameOfImage(input, index);
    const requireNew = async (image: RawImage) => {
      if (known.size > 0 && known.has(shortDigest(await imageIdentity(image)))) throw trainedOn(name);
    };
    const shrink = async (image: RawImage) => {
      await requireNew(image);
      return scorer.shrink(image);
    };
    const image = await decodeInTurn(input, { shrink, levels, tiles, maxPixels, signal });
    if (isRawLike(input)) await requireNew(image as RawImage);
    return { name, image };
  };
  const decoded = readAhead(images, read, { limit: decoders, signal });
  const score = (batch: Parameters<Scorer["compute"]>[0]) => scorer.compute(batch, signal);
  const rates = pickOptions(rateOptions, options);
  const { stored, outliers } = await calibrateOn(decoded, score, rates, async (count) => {
    progress.call({ images: count, total });
    await progress.settled(signal);
  });
  const { precision } = native.config;
  return { stored: precision === "int8" ? { ...stored, precision } : stored, outliers };
}

function trainedOn(name: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${printable(name)} is an image that the detector was trained on. The scores of such images are too low, so a threshold ` +
      "calibrated on them would cause more false alarms than it promises. Pass other good images, or set allowTrained.",
  );
}
