import { inPieces, type Work } from "../../errors/long-work.js";
import type { Metric } from "./metric.js";

/**
 * PRO, the per-region overlap: the share of an anomalous region that is found, averaged over
 * regions, as a function of the false-positive rate (the share of normal pixels that are flagged),
 * integrated from 0 to `maxFpr` and divided by `maxFpr`. Thresholds are all distinct scores; between
 * them, and at `maxFpr`, the curve is linear.
 *
 * Published numbers differ in how they average, hence two values.
 */
export interface Pro {
  /**
   * Over the whole data set: every region counts once, and every normal pixel counts in the
   * false-positive rate, those of good images included. null if there is no region or no normal pixel.
   */
  dataset: Metric;
  /**
   * The mean of one value per image, each from its own curve. Images without a region or without a normal pixel have no
   * value and are left out. null if that leaves no image.
   */
  imageMean: Metric;
}

/** The pixels of one image that are normal, or those of one region: what the curves are made of. */
export interface PixelGroup {
  image: number;
  anomalous: boolean;
  size: number;
}

/**
 * Both averages of PRO, in one pass over the pixels.
 *
 * @param scores In descending order.
 * @param groupOf The group of each pixel, in the scores' order.
 */
export function* proInOrder(
  scores: Float32Array,
  groupOf: Uint32Array,
  groups: readonly PixelGroup[],
  images: number,
  maxFpr: number,
): Work<Pro> {
  const overall = new OverlapCurve(maxFpr);
  const perImage = Array.from({ length: images }, () => new OverlapCurve(maxFpr));
  for (const group of groups) {
    overall.expect(group);
    perImage[group.image]!.expect(group);
  }
  const curves = groups.map((group) => perImage[group.image]!);
  const shares = Float64Array.from(groups, (group) => (group.anomalous ? 1 / group.size : 0));

  yield* inPieces(scores.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const group = groupOf[i]!;
      overall.add(scores[i]!, shares[group]!);
      curves[group]!.add(scores[i]!, shares[group]!);
    }
  });

  const values = perImage.map((curve) => curve.area()).filter((area) => area !== null);
  return {
    dataset: overall.area(),
    imageMean: values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length,
  };
}

/** The share of the false-positive rate between two points of {@link overlapCurve}. */
const curveStep = 1 / 200;

/**
 * The curve that PRO integrates, over the whole data set: its points up to `maxFpr`, as many as a picture can show. null if
 * there is no region or no normal pixel.
 */
export function* overlapCurve(
  scores: Float32Array,
  groupOf: Uint32Array,
  groups: readonly PixelGroup[],
  maxFpr: number,
): Work<[fpr: number, overlap: number][] | null> {
  const points: [number, number][] = [[0, 0]];
  let last: [number, number] = [0, 0];
  const curve = new OverlapCurve(maxFpr, (fpr, overlap) => {
    last = [fpr, overlap];
    const [drawnFpr, drawnOverlap] = points.at(-1)!;
    if (fpr - drawnFpr >= curveStep * maxFpr || overlap - drawnOverlap >= curveStep) points.push(last);
  });
  for (const group of groups) curve.expect(group);
  const shares = Float64Array.from(groups, (group) => (group.anomalous ? 1 / group.size : 0));
  yield* inPieces(scores.length, (from, to) => {
    for (let i = from; i < to && last[0] < maxFpr; i++) curve.add(scores[i]!, shares[groupOf[i]!]!);
  });
  if (curve.area() === null) return null;
  if (points.at(-1) !== last) points.push(last);
  return points;
}

/** One curve of overlap over false-positive rate, fed with pixels from the largest score down. */
class OverlapCurve {
  #regions = 0;
  #normal = 0;
  #area = 0;
  /** The last point of the curve, at which a threshold lies. */
  #fpr = 0;
  #overlap = 0;
  /** What was fed so far, the pixels of the last score included. */
  #score = NaN;
  #flagged = 0;
  #found = 0;

  /** @param onPoint Called with each point of the curve, up to the first one beyond `maxFpr`. */
  constructor(
    private readonly maxFpr: number,
    private readonly onPoint?: (fpr: number, overlap: number) => void,
  ) {}

  /** Takes the group into the curve's denominators, before any pixel is fed. */
  expect(group: PixelGroup): void {
    if (group.anomalous) this.#regions++;
    else this.#normal += group.size;
  }

  /** @param found The share of its region that the pixel is; 0 for a normal pixel. */
  add(score: number, found: number): void {
    if (score !== this.#score) {
      this.#closePoint();
      this.#score = score;
    }
    if (found === 0) this.#flagged++;
    else this.#found += found;
  }

  /** PRO, or null if there is no region or no normal pixel. Call it once all pixels are fed. */
  area(): Metric {
    if (this.#regions === 0 || this.#normal === 0) return null;
    this.#closePoint();
    return this.#area / this.maxFpr;
  }

  /** Adds the area up to the threshold that was just passed, but none beyond `maxFpr`. */
  #closePoint(): void {
    if (this.#fpr >= this.maxFpr) return;
    const fpr = this.#flagged / this.#normal;
    const overlap = this.#found / this.#regions;
    if (fpr > this.#fpr) {
      const end = Math.min(fpr, this.maxFpr);
      const atEnd = this.#overlap + ((overlap - this.#overlap) * (end - this.#fpr)) / (fpr - this.#fpr);
      this.#area += ((end - this.#fpr) * (this.#overlap + atEnd)) / 2;
    }
    this.#fpr = fpr;
    this.#overlap = overlap;
    this.onPoint?.(fpr, overlap);
  }
}
