import type { Detector } from "../detector/detector.js";
import { ReverseDistillationError } from "../errors/error.js";
import type { ImageInput } from "../image/decode.js";
import { preprocess } from "../image/preprocess.js";
import type { StoragePrecision } from "../options/storage.js";
import { RuntimeModel } from "./runtime.js";

/** How far an export is from the detector that it was made from. */
export interface Verification {
  /** Images that both computed. */
  images: number;
  /** The largest absolute difference of a value of the maps, and of a score. */
  mapDifference: number;
  scoreDifference: number;
  /** What either may be. */
  tolerance: number;
  /** Whether neither is more. */
  agrees: boolean;
  /** Hash of the model that the export says it was made from. */
  modelSha256: string;
}

/** What is allowed where nothing else is said: float32 differs by rounding; float16 by its own, 3 digits, which add up. */
export const defaultTolerance: Readonly<Record<StoragePrecision, number>> = { float32: 1e-4, float16: 1e-2 };

/**
 * Has a detector and an export of it compute the same images, in ONNX Runtime on the CPU, and compares what they
 * say. Both see the same pixels, those of `preprocess`.
 *
 * @param images As `preprocess` takes them, or the pixels of the model's size.
 * @throws ReverseDistillationError `INVALID_FILE` if the export is none, or of another size of images; `NOT_FOUND` also
 * if onnxruntime-node is not installed; as `preprocess` and `Detector.score`.
 */
export async function verifyExport(
  detector: Detector,
  path: string,
  images: Iterable<ImageInput>,
  { tolerance, signal }: { tolerance?: number | undefined; signal?: AbortSignal } = {},
): Promise<Verification> {
  const runtime = await RuntimeModel.open(path);
  try {
    const { imageSize, precision, modelSha256 } = runtime.description;
    requireSize(path, imageSize, detector.config.imageSize);
    const allowed = tolerance ?? defaultTolerance[precision];
    const found = { images: 0, mapDifference: 0, scoreDifference: 0 };
    for (const image of images) {
      const pixels = await preprocess(image, imageSize);
      const [height, width] = imageSize;
      const expected = await detector.score({ data: pixels.data, height, width, channels: 3 }, { signal });
      const [computed] = await runtime.score([pixels]);
      found.images += 1;
      found.mapDifference = Math.max(
        found.mapDifference,
        largestDifference(expected.map.data, computed!.map),
      );
      found.scoreDifference = Math.max(found.scoreDifference, Math.abs(expected.score - computed!.score));
    }
    const agrees = found.mapDifference <= allowed && found.scoreDifference <= allowed;
    return { ...found, tolerance: allowed, agrees, modelSha256 };
  } finally {
    await runtime.close();
  }
}

function requireSize(path: string, found: readonly number[], expected: readonly number[]): void {
  if (found.join() === expected.join()) return;
  throw new ReverseDistillationError(
    "INVALID_FILE",
    `${path} takes images of ${found.join(" x ")} pixels, but the model's are of ${expected.join(" x ")}: it was exported ` +
      "from another model.",
  );
}

/** NaN where either holds one. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
