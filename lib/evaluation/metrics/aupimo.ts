import { inPieces, type Work } from "../../errors/long-work.js";
import type { Metric } from "./metric.js";
import type { PixelGroup } from "./pro.js";

/** The area under the per-image overlap, for each image. */
export interface Aupimo {
  /** The mean over the images that have a value; null if none has. */
  mean: Metric;
  /**
   * The value of each image, from 0 to 1; null for an image without an anomalous pixel. All are null if no image is normal
   * throughout, or if the normal images' pixels are too few to tell the false-positive rates of the bounds.
   */
  images: Metric[];
}

/** The false-positive rates that AUPIMO integrates between, the lower one first. */
export type FprBounds = readonly [lower: number, upper: number];

export const defaultFprBounds: FprBounds = [1e-5, 1e-4];

/** Number of thresholds, evenly from the least to the largest score of the normal images. */
const thresholdCount = 300_000;

/** Fewer points than these between the bounds are no curve. */
const fewestPoints = 31;

/** What the curves are made of: pixels from the largest score down. */
interface Pixels {
  scores: Float32Array;
  groupOf: Uint32Array;
  groups: readonly PixelGroup[];
  images: number;
}

/**
 * AUPIMO (Bertoldo et al. 2024): the share of an image's anomalous pixels that is found, averaged over the logarithm of the
 * false-positive rate between two bounds. The rate is the mean of the normal images' own rates; an image is normal if no
 * pixel of it is anomalous. Thresholds, bounds and the integral are those of anomalib 1.2 to 2.x.
 */
export function* aupimoInOrder(pixels: Pixels, bounds: FprBounds): Work<Aupimo> {
  const { scores, groupOf, groups, images } = pixels;
  const sizes = imageSizes(groups, images);
  const found = new Float64Array(images);
  const curve = yield* sharedCurve(pixels, sizes, bounds);
  if (curve !== null) {
    let threshold = curve.last;
    yield* inPieces(scores.length, (from, to) => {
      for (let i = from; i < to && threshold >= curve.first; i++) {
        while (threshold >= curve.first && curve.thresholds[threshold]! > scores[i]!) threshold--;
        const group = groups[groupOf[i]!]!;
        if (group.anomalous && threshold >= curve.first) found[group.image]! += curve.weightAt(threshold);
      }
    });
  }
  const whole = Math.log(bounds[1] / bounds[0]);
  const values = Array.from(sizes.anomalous, (size, image) =>
    size === 0 || curve === null ? null : Math.min(1, found[image]! / size / whole),
  );
  const defined = values.filter((value) => value !== null);
  const mean = defined.length === 0 ? null : defined.reduce((sum, value) => sum + value, 0) / defined.length;
  return { mean, images: values };
}

/** The numbers of anomalous and of all pixels, by image. */
interface ImageSizes {
  anomalous: Float64Array;
  all: Float64Array;
}

function imageSizes(groups: readonly PixelGroup[], images: number): ImageSizes {
  const sizes = { anomalous: new Float64Array(images), all: new Float64Array(images) };
  for (const { image, anomalous, size } of groups) {
    sizes.all[image]! += size;
    if (anomalous) sizes.anomalous[image]! += size;
  }
  return sizes;
}

/** The part of the thresholds that lies between the bounds. */
interface SharedCurve {
  /** In ascending order. */
  thresholds: Float32Array;
  /** The threshold at the upper bound of the rate, and the one at the lower bound. */
  first: number;
  last: number;
  /** What a pixel adds to the integral if this is the highest threshold that it reaches. */
  weightAt(threshold: number): number;
}

/** null if the rates of the bounds cannot be told. */
function* sharedCurve(
  { scores, groupOf, groups }: Pixels,
  { anomalous, all }: ImageSizes,
  [lower, upper]: FprBounds,
): Work<SharedCurve | null> {
  const normalImages = anomalous.filter((size, image) => size === 0 && all[image]! > 0).length;
  const shares = Float64Array.from(groups, ({ image }) =>
    anomalous[image] === 0 ? 1 / all[image]! / normalImages : 0,
  );
  const isNormal = (pixel: number) => shares[groupOf[pixel]!] !== 0;
  let [top, bottom] = [0, scores.length - 1];
  yield* inPieces(scores.length, (from, to) => {
    for (let i = from; i < to && top === i && !isNormal(i); i++) top++;
  });
  yield* inPieces(scores.length, (from, to) => {
    for (let i = from; i < to && bottom === scores.length - 1 - i && !isNormal(bottom); i++) bottom--;
  });
  // Without normal images, both have run past the ends.
  const [largest, least] = [scores[top] ?? NaN, scores[bottom] ?? NaN];
  if (!(least < largest)) return null;

  const thresholds = evenly(least, largest);
  yield;
  const rates = new Float64Array(thresholdCount);
  let next = thresholdCount - 1;
  let rate = 0;
  yield* inPieces(scores.length, (from, to) => {
    // Beyond twice the upper bound, no threshold is nearest to it.
    for (let i = from; i < to && rate <= 2 * upper; i++) {
      while (next >= 0 && thresholds[next]! > scores[i]!) rates[next--] = rate;
      rate += shares[groupOf[i]!]!;
    }
  });
  rates.fill(rate, 0, next + 1);
  yield;

  const [first, last] = [nearest(rates, upper), nearest(rates, lower)];
  if (rates[thresholdCount - 1]! > lower || last - first + 1 < fewestPoints) return null;
  yield;
  const logarithms = rates.subarray(first, last + 1).map(Math.log);
  const weightAt = (threshold: number) => {
    const here = logarithms[threshold - first]!;
    const after = logarithms[threshold - first + 1];
    // Half of the step to the next threshold; at the last one, all there is.
    return logarithms[0]! - (after === undefined ? here : (here + after) / 2);
  };
  return { thresholds, first, last, weightAt };
}

function evenly(least: number, largest: number): Float32Array {
  const thresholds = new Float32Array(thresholdCount);
  const step = (largest - least) / (thresholdCount - 1);
  for (let k = 0; k < thresholdCount; k++) thresholds[k] = least + k * step;
  return thresholds;
}

/** The first index of the value that is nearest. */
function nearest(values: Float64Array, wanted: number): number {
  let best = 0;
  for (let i = 1; i < values.length; i++)
    if (Math.abs(values[i]! - wanted) < Math.abs(values[best]! - wanted)) best = i;
  return best;
}
