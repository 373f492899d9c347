import { verdictOf } from "../calibration/thresholds.js";
import type { Detector } from "../detector/detector.js";
import { ReverseDistillationError } from "../errors/error.js";
import type { ImageInput } from "../image/decode.js";
import { withoutPadding } from "../image/fit-pixels.js";
import { fittedSize, frameOf, type Frame, type Size } from "../image/fit.js";
import type { PreprocessedImage } from "../image/pixels.js";
import { preprocess } from "../image/preprocess.js";
import type { RawImage } from "../image/raw-image.js";
import { resizeBilinear } from "../image/resize.js";
import { loadAddon } from "../native/loader.js";
import type { ModelDescription } from "../options/model.js";
import type { StoragePrecision } from "../options/save.js";
import { RuntimeModel } from "./runtime.js";

/** How much the results of an export differ from those of its detector. */
export interface Verification {
  /** Number of images compared. */
  images: number;
  /** Largest absolute difference between values of the maps. */
  mapDifference: number;
  /** Largest absolute difference between scores. */
  scoreDifference: number;
  /** The limit for both differences. */
  tolerance: number;
  /** Number of verdicts that do not follow from the export's own scores and thresholds; 0 if it gives none. */
  wrongVerdicts: number;
  /** Whether both differences are within the limit and no verdict is wrong. */
  agrees: boolean;
  /** Hash of the model that was exported, according to the export. */
  modelSha256: string;
}

/** Default tolerances. float32 results differ by rounding; float16 has only three digits, and errors add up. */
export const defaultTolerance: Readonly<Record<StoragePrecision, number>> = { float32: 1e-4, float16: 1e-2 };

/**
 * Scores the same images with a detector and with its export, in ONNX Runtime on the CPU, and compares the results.
 * Both get the same pixels, from `preprocess`.
 *
 * @param images Any input of `preprocess`.
 * @throws ReverseDistillationError `INVALID_FILE` if the file is not an export or has another image size; `NOT_FOUND`
 * if the file does not exist or onnxruntime-node is not installed; or what `preprocess` and `Detector.score` throw.
 */
export async function verifyExport(
  detector: Detector,
  path: string,
  images: Iterable<ImageInput>,
  { tolerance, signal }: { tolerance?: number | undefined; signal?: AbortSignal } = {},
): Promise<Verification> {
  const runtime = await RuntimeModel.open(path);
  try {
    const { imageSize, precision, thresholds, modelSha256 } = runtime.description;
    requireSize(path, imageSize, detector.config.imageSize);
    const allowed = tolerance ?? defaultTolerance[precision];
    const found = { images: 0, mapDifference: 0, scoreDifference: 0, wrongVerdicts: 0 };
    for (const image of images) {
      const { given, input } = await samePixels(image, runtime.description);
      const frame = frameOf(runtime.description);
      const expected = await detector.score(given, { signal });
      const [computed] = await runtime.score([input]);
      found.images += 1;
      found.mapDifference = Math.max(
        found.mapDifference,
        largestDifference(expected.map.data, shownPart(computed!.map, input, frame)),
      );
      found.scoreDifference = Math.max(found.scoreDifference, Math.abs(expected.score - computed!.score));
      const { verdict } = computed!;
      if (verdict !== undefined && verdict !== verdictOf(computed!.score, thresholds!))
        found.wrongVerdicts += 1;
    }
    const agrees =
      found.mapDifference <= allowed && found.scoreDifference <= allowed && found.wrongVerdicts === 0;
    return { ...found, tolerance: allowed, agrees, modelSha256 };
  } finally {
    await runtime.close();
  }
}

/**
 * What the detector and its export get of an image: the same rounded pixels, also of one with more than 8 bits. With tiles,
 * it is one tile, which the detector resizes; with padding, what is inside of it, which the detector pads.
 */
async function samePixels(
  image: ImageInput,
  description: ModelDescription,
): Promise<{ given: RawImage; input: PreprocessedImage }> {
  const { imageSize, levels, fit, tiles } = description;
  const input = await preprocess(image, imageSize, { levels: levels ?? "full", fit });
  const { data } = input;
  const [height, width] = imageSize;
  if (fit === "pad") {
    const frame = frameOf(description);
    const size = shownSize(input, frame);
    return { given: { data: withoutPadding(data, size, frame, 3), ...size, channels: 3 }, input };
  }
  const whole = { data, height, width, channels: 3 } as const;
  if (tiles === undefined || tiles.size.join() === imageSize.join()) return { given: whole, input };
  const [rows, columns] = tiles.size;
  const given = { ...whole, data: resizeBilinear(data, whole, tiles.size), height: rows, width: columns };
  const shrinker = new (await loadAddon()).Shrinker({ height, width, fit });
  try {
    const resized = await shrinker.shrink(given);
    return { given, input: { ...input, data: resized.data as Uint8Array } };
  } finally {
    shrinker.dispose();
  }
}

/** The size of what the input shows of the image. */
function shownSize({ originalSize: [height, width] }: PreprocessedImage, frame: Frame): Size {
  return fittedSize({ height, width }, frame);
}

/** The part of an export's map that the detector's map has. */
function shownPart(map: Float32Array, input: PreprocessedImage, frame: Frame): Float32Array {
  return frame.fit === "pad" ? withoutPadding(map, shownSize(input, frame), frame, 1) : map;
}

function requireSize(path: string, found: readonly number[], expected: readonly number[]): void {
  if (found.join() === expected.join()) return;
  throw new ReverseDistillationError(
    "INVALID_FILE",
    `${path} was exported from another model: its image size is ${found.join(" x ")}, ` +
      `but the model's is ${expected.join(" x ")}.`,
  );
}

/** The largest absolute difference; NaN if either array contains NaN. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
