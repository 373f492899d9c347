import type { Detector } from "../../lib/detector/detector.js";
import { train } from "../../lib/detector/train.js";
import type { ImageSource } from "../../lib/image/source.js";
import type { Settings } from "./results.js";

/** Trains through the public API and prints the progress to stderr. @param weights File of the teacher's weights. */
export async function trainForBenchmark(
  name: string,
  images: ImageSource,
  settings: Settings,
  weights: string | undefined,
): Promise<{ detector: Detector; seconds: number }> {
  const { backbone, layout, recipe, loss, normalisation, imageSize, epochs, batchSize, seed } = settings;
  const started = performance.now();
  const detector = await train(images, {
    calibrate: false,
    ...{ backbone, layout, recipe, loss, normalisation, imageSize, epochs, batchSize, seed, weights },
    onProgress(progress) {
      if (progress.phase !== "training") return;
      const { epoch, epochs, loss, imagesPerSecond, secondsLeft } = progress;
      const speed = `${imagesPerSecond.toFixed(1)} images/s, ${secondsLeft.toFixed(0)} s left`;
      console.error(`  ${name}: epoch ${epoch}/${epochs}, loss ${loss.toFixed(5)}, ${speed}`);
    },
  });
  return { detector, seconds: secondsSince(started) };
}

/** Seconds since a time, to a tenth of a second. @param started From `performance.now()`. */
export function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 100) / 10;
}
