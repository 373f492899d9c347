import { types } from "node:util";
import { ReverseDistillationError } from "../../errors/error.js";
import { inPieces, type Work } from "../../errors/long-work.js";
import { reading } from "../../errors/reading.js";
import { integer, invalid, record } from "../../errors/validate.js";
import { checkedMap, type MapPart } from "../../image/anomaly-map.js";
import { aupimoInOrder, defaultFprBounds, type Aupimo, type FprBounds } from "./aupimo.js";
import { tallyPixels, type Tallies } from "./auroc-interval.js";
import { classificationInOrder, requireFinite } from "./classification.js";
import { overlapCurve, type PixelGroup } from "./pro.js";
import { regionMetrics, type RegionMetrics } from "./region-metrics.js";
import { labelRegions } from "./regions.js";
import { sortDescending } from "./sort-descending.js";
import type { ClassificationMetrics } from "./threshold-metrics.js";

/** Scores of an image's pixels: height x width values, row by row from the top. */
export interface PixelMap {
  data: Float32Array;
  height: number;
  width: number;
  /** The part of the image that it shows; absent if it shows the whole image. */
  part?: MapPart;
  /** The region of interest, 0 outside: these pixels do not count. Absent if all do. */
  mask?: Uint8Array;
}

/**
 * What is anomalous in an image: height x width values of its map's size, where 0 is normal and
 * anything else anomalous; or null for an image that is normal throughout.
 */
export type PixelMask = Uint8Array | null;

/** The pixels of all images taken together, and PRO. */
export type PixelMetrics = ClassificationMetrics & RegionMetrics;

export interface ProOptions {
  /** The largest false-positive rate that counts, above 0 and up to 1. Default 0.3. */
  maxFpr?: number;
}

export const defaultMaxFpr = 0.3;

export interface AupimoOptions {
  /**
   * The false-positive rates to integrate between: 0 < lower < upper <= 1. Default [1e-5, 1e-4], which needs at least
   * 100,000 pixels of normal images.
   */
  fprBounds?: FprBounds;
}

function checkedBounds(bounds: unknown): FprBounds {
  if (!Array.isArray(bounds) || bounds.length !== 2)
    throw invalid("fprBounds", "two numbers, 0 < lower < upper <= 1", bounds);
  const [lower, upper] = bounds as unknown[];
  if (typeof lower === "number" && typeof upper === "number" && lower > 0 && lower < upper && upper <= 1)
    return [lower, upper];
  throw invalid("fprBounds", "two numbers, 0 < lower < upper <= 1", bounds);
}

/** The most pixels: the length of the longest typed array. */
const most = 2 ** 32 - 1;

/** The pixels of images, and their metrics as work that can be interrupted. */
export class PixelPool {
  /** The pixels in no particular order: the score of each, and the group that it belongs to. */
  #scores: Float32Array;
  #groupOf: Uint32Array;
  #pixels = 0;
  #sorted = true;
  #images = 0;
  #groups: PixelGroup[] = [];

  /**
   * @param expectedPixels Number of pixels to make room for; more may come.
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, `OUT_OF_MEMORY`
   */
  constructor(expectedPixels = 0) {
    integer("expectedPixels", expectedPixels, 0, most);
    try {
      this.#scores = new Float32Array(expectedPixels);
      this.#groupOf = new Uint32Array(expectedPixels);
    } catch (error) {
      const message = `There is not enough memory for ${expectedPixels} pixels.`;
      throw new ReverseDistillationError("OUT_OF_MEMORY", message, { cause: error });
    }
  }

  /** Number of images added. */
  get images(): number {
    return this.#images;
  }

  /** See `PixelScores.add`. */
  add(map: PixelMap, mask: PixelMask): void {
    const { data, height, width, mask: interest } = reading("A map", () => checkedMap(map));
    if (mask !== null && !types.isUint8Array(mask)) throw invalid("A mask", "a Uint8Array or null", mask);
    if (mask !== null && mask.length !== data.length) {
      throw invalid("A mask", `as large as its map of ${height} x ${width} pixels`, mask.length);
    }
    const inside = (_: number, i: number) => interest![i] !== 0;
    const counted = interest === undefined ? data : data.filter(inside);
    requireFinite(counted);
    this.#makeRoom(counted.length);
    this.#scores.set(counted, this.#pixels);
    const found = mask && (interest === undefined ? mask : mask.map((each, i) => (interest[i] ? each : 0)));
    const { labels, sizes } =
      found === null ? { labels: null, sizes: [] } : labelRegions(found, height, width);
    this.#addGroups(
      interest === undefined ? labels : (labels?.filter(inside) ?? null),
      sizes,
      counted.length,
    );
    this.#pixels += counted.length;
    this.#images++;
    this.#sorted = false;
  }

  *classification(): Work<ClassificationMetrics> {
    const { scores, groupOf } = yield* this.#inOrder();
    const anomalous = Uint8Array.from(this.#groups, (group) => Number(group.anomalous));
    const labels = new Uint8Array(scores.length);
    yield* inPieces(labels.length, (from, to) => {
      for (let i = from; i < to; i++) labels[i] = anomalous[groupOf[i]!]!;
    });
    return yield* classificationInOrder(scores, labels);
  }

  /** @throws ReverseDistillationError `INVALID_ARGUMENT` for `maxFpr`. */
  *regions(options: ProOptions = {}): Work<RegionMetrics> {
    const { maxFpr = defaultMaxFpr } = reading(
      "options",
      () => record("options", options, ["maxFpr"]) as ProOptions,
    );
    if (typeof maxFpr !== "number" || !(maxFpr > 0 && maxFpr <= 1))
      throw invalid("maxFpr", "a number above 0 and up to 1", maxFpr);
    const inOrder = yield* this.#inOrder();
    const pixels = { ...inOrder, groups: this.#groups, images: this.#images, maxFpr };
    const values: [string, unknown][] = [];
    for (const [key, metric] of Object.entries(regionMetrics))
      values.push([key, yield* metric.compute(pixels)]);
    return Object.fromEntries(values) as RegionMetrics;
  }

  /** AUPIMO of each image. @throws ReverseDistillationError `INVALID_ARGUMENT` for `fprBounds`. */
  *aupimo(options: AupimoOptions = {}): Work<Aupimo> {
    const { fprBounds = defaultFprBounds } = reading(
      "options",
      () => record("options", options, ["fprBounds"]) as AupimoOptions,
    );
    const bounds = reading("fprBounds", () => checkedBounds(fprBounds));
    const inOrder = yield* this.#inOrder();
    return yield* aupimoInOrder({ ...inOrder, groups: this.#groups, images: this.#images }, bounds);
  }

  /** The curve that PRO integrates, up to a false-positive rate of `defaultMaxFpr`. */
  *overlapCurve(): Work<[fpr: number, overlap: number][] | null> {
    const { scores, groupOf } = yield* this.#inOrder();
    return yield* overlapCurve(scores, groupOf, this.#groups, defaultMaxFpr);
  }

  /** The pixels of each image in bins of scores. */
  *tallies(): Work<Tallies> {
    const { scores, groupOf } = yield* this.#inOrder();
    return yield* tallyPixels(scores, groupOf, this.#groups, this.#images);
  }

  *metrics(options?: ProOptions): Work<PixelMetrics> {
    return { ...(yield* this.classification()), ...(yield* this.regions(options)) };
  }

  /**
   * The pixels of some of the images, already in order: equal to a pool to which only these images were added.
   *
   * @param images Their numbers, ascending: 0 is the image that was added first.
   */
  *subset(images: readonly number[]): Work<PixelPool> {
    const { scores, groupOf } = yield* this.#inOrder();
    const subset = new PixelPool();
    const imageOf = new Map(images.map((image, index) => [image, index]));
    // 0 leaves a group out; others are numbered from 1.
    const numberOf = new Uint32Array(this.#groups.length);
    let pixels = 0;
    for (const [number, group] of this.#groups.entries()) {
      const image = imageOf.get(group.image);
      if (image === undefined) continue;
      numberOf[number] = subset.#groups.push({ ...group, image });
      pixels += group.size;
    }
    subset.#images = images.length;
    subset.#pixels = pixels;
    subset.#scores = new Float32Array(pixels);
    subset.#groupOf = new Uint32Array(pixels);
    let to = 0;
    yield* inPieces(scores.length, (from, end) => {
      for (let i = from; i < end; i++) {
        const group = numberOf[groupOf[i]!]!;
        if (group === 0) continue;
        subset.#scores[to] = scores[i]!;
        subset.#groupOf[to++] = group - 1;
      }
    });
    return subset;
  }

  /** One group for the normal pixels, and one for each region, numbered on from those of earlier images. */
  #addGroups(labels: Uint32Array | null, sizes: readonly number[], pixels: number): void {
    const image = this.#images;
    const normal = this.#groups.length;
    for (let i = 0; i < pixels; i++) this.#groupOf[this.#pixels + i] = normal + (labels?.[i] ?? 0);
    const anomalousPixels = sizes.reduce((sum, size) => sum + size, 0);
    this.#groups.push({ image, anomalous: false, size: pixels - anomalousPixels });
    for (const size of sizes) this.#groups.push({ image, anomalous: true, size });
  }

  #makeRoom(more: number): void {
    const needed = this.#pixels + more;
    if (needed <= this.#scores.length) return;
    const length = Math.max(needed, 2 * this.#scores.length);
    const scores = new Float32Array(length);
    const groupOf = new Uint32Array(length);
    scores.set(this.#scores.subarray(0, this.#pixels));
    groupOf.set(this.#groupOf.subarray(0, this.#pixels));
    this.#scores = scores;
    this.#groupOf = groupOf;
  }

  /** The pixels from the largest score down. */
  *#inOrder(): Work<{ scores: Float32Array; groupOf: Uint32Array }> {
    if (!this.#sorted) {
      const { scores, items } = yield* sortDescending({
        scores: this.#scores.subarray(0, this.#pixels),
        items: this.#groupOf.subarray(0, this.#pixels),
      });
      this.#scores = scores;
      this.#groupOf = items;
      this.#sorted = true;
    }
    return {
      scores: this.#scores.subarray(0, this.#pixels),
      groupOf: this.#groupOf.subarray(0, this.#pixels),
    };
  }
}
