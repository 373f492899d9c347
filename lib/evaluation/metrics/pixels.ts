import { types } from "node:util";
import { ReverseDistillationError } from "../../errors/error.js";
import { reading } from "../../errors/reading.js";
import { integer, invalid, record } from "../../errors/validate.js";
import { classificationInOrder, requireFinite } from "./classification.js";
import type { Metric } from "./metric.js";
import type { PixelGroup, Pro } from "./pro.js";
import { regionMetrics, type RegionMetrics } from "./region-metrics.js";
import { labelRegions } from "./regions.js";
import { sortDescending } from "./sort-descending.js";
import type { ClassificationMetrics, F1Max } from "./threshold-metrics.js";

/** Scores of an image's pixels: height x width values, row by row from the top. */
export interface PixelMap {
  data: Float32Array;
  height: number;
  width: number;
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

/**
 * AUROC over the pixels of all images taken together.
 *
 * @param maps The anomaly map of each image; sizes may differ.
 * @param masks The mask of each image, in the same order.
 * @returns null if no pixel is anomalous, or none is normal.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if maps and masks do not go together, or a
 * score is not finite.
 */
export function pixelAuroc(maps: readonly PixelMap[], masks: readonly PixelMask[]): Metric {
  return collect(maps, masks).classification().auroc;
}

/** Average precision over the pixels of all images taken together. As {@link pixelAuroc} otherwise. */
export function pixelAveragePrecision(maps: readonly PixelMap[], masks: readonly PixelMask[]): Metric {
  return collect(maps, masks).classification().averagePrecision;
}

/** The largest F1 over the pixels of all images taken together. As {@link pixelAuroc} otherwise. */
export function pixelF1Max(maps: readonly PixelMap[], masks: readonly PixelMask[]): F1Max | null {
  return collect(maps, masks).classification().f1Max;
}

/** PRO in both averages. Regions are 8-connected. As {@link pixelAuroc} otherwise. */
export function pro(maps: readonly PixelMap[], masks: readonly PixelMask[], options?: ProOptions): Pro {
  return collect(maps, masks).pro(options);
}

/** All metrics of pixels, from one sort. As {@link pixelAuroc} otherwise. */
export function pixelMetrics(
  maps: readonly PixelMap[],
  masks: readonly PixelMask[],
  options?: ProOptions,
): PixelMetrics {
  return collect(maps, masks).metrics(options);
}

function collect(maps: readonly PixelMap[], masks: readonly PixelMask[]): PixelScores {
  return reading("maps and masks", () => collectRead(maps, masks));
}

function collectRead(maps: readonly PixelMap[], masks: readonly PixelMask[]): PixelScores {
  if (!Array.isArray(maps)) throw invalid("maps", "a list of { data, height, width }", maps);
  if (!Array.isArray(masks))
    throw invalid("masks", "a list of Uint8Arrays, or null where all is normal", masks);
  if (maps.length !== masks.length) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `There must be one mask per map (null where all is normal), but there are ${masks.length} masks and ${maps.length} maps.`,
    );
  }
  const checked = Array.from(maps as readonly PixelMap[], checkedMap);
  const scores = new PixelScores(checked.reduce((sum, map) => sum + map.data.length, 0));
  checked.forEach((map, index) => scores.add(map, (masks as readonly PixelMask[])[index]!));
  return scores;
}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` */
function checkedMap(map: PixelMap): PixelMap {
  const { data, height, width } = map;
  // The check of node:util holds for arrays from another realm too, such as a test runner's.
  if (!types.isFloat32Array(data)) throw invalid("A map's data", "a Float32Array", typeof data);
  integer("A map's height", height, 0, most);
  integer("A map's width", width, 0, most);
  if (data.length !== height * width)
    throw invalid("A map's data", `${height} x ${width} values`, data.length);
  return { data, height, width };
}

/** The most pixels: the length of the longest typed array. */
const most = 2 ** 32 - 1;

/**
 * Gathers the pixels of images one image at a time, for metrics over all of them. What is added is
 * copied: 8 bytes per pixel are kept, and 9 more are needed while metrics are computed.
 */
export class PixelScores {
  /** The pixels in no particular order: the score of each, and the group that it belongs to. */
  #scores: Float32Array;
  #groupOf: Uint32Array;
  #pixels = 0;
  #sorted = true;
  #images = 0;
  readonly #groups: PixelGroup[] = [];

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

  /**
   * @throws ReverseDistillationError `INVALID_ARGUMENT` if map and mask do not go together, or a
   * score is not finite; then nothing is added.
   */
  add(map: PixelMap, mask: PixelMask): void {
    const { data, height, width } = reading("A map", () => checkedMap(map));
    if (mask !== null && !types.isUint8Array(mask)) throw invalid("A mask", "a Uint8Array or null", mask);
    if (mask !== null && mask.length !== data.length) {
      throw invalid("A mask", `as large as its map of ${height} x ${width} pixels`, mask.length);
    }
    requireFinite(data);
    this.#makeRoom(data.length);
    this.#scores.set(data, this.#pixels);
    this.#addGroups(mask, height, width);
    this.#pixels += data.length;
    this.#images++;
    this.#sorted = false;
  }

  /** AUROC, average precision and F1-max over all pixels. */
  classification(): ClassificationMetrics {
    const { scores, groupOf } = this.#inOrder();
    const anomalous = Uint8Array.from(this.#groups, (group) => Number(group.anomalous));
    const labels = new Uint8Array(scores.length);
    for (let i = 0; i < labels.length; i++) labels[i] = anomalous[groupOf[i]!]!;
    return classificationInOrder(scores, labels);
  }

  /** PRO in both averages. @throws ReverseDistillationError `INVALID_ARGUMENT` for `maxFpr`. */
  pro(options?: ProOptions): Pro {
    return this.#regions(options).pro;
  }

  metrics(options?: ProOptions): PixelMetrics {
    return { ...this.classification(), ...this.#regions(options) };
  }

  #regions(options: ProOptions = {}): RegionMetrics {
    const { maxFpr = 0.3 } = reading("options", () => record("options", options, ["maxFpr"]) as ProOptions);
    if (typeof maxFpr !== "number" || !(maxFpr > 0 && maxFpr <= 1))
      throw invalid("maxFpr", "a number above 0 and up to 1", maxFpr);
    const pixels = { ...this.#inOrder(), groups: this.#groups, images: this.#images, maxFpr };
    const values = Object.entries(regionMetrics).map(([key, metric]) => [key, metric.compute(pixels)]);
    return Object.fromEntries(values) as RegionMetrics;
  }

  /** One group for the normal pixels, and one for each region, numbered on from those of earlier images. */
  #addGroups(mask: Uint8Array | null, height: number, width: number): void {
    const image = this.#images;
    const normal = this.#groups.length;
    const pixels = height * width;
    const { labels, sizes } = mask === null ? { labels: null, sizes: [] } : labelRegions(mask, height, width);
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
  #inOrder(): { scores: Float32Array; groupOf: Uint32Array } {
    if (!this.#sorted) {
      const sorted = sortDescending({
        scores: this.#scores.subarray(0, this.#pixels),
        items: this.#groupOf.subarray(0, this.#pixels),
      });
      this.#scores = sorted.scores;
      this.#groupOf = sorted.items;
      this.#sorted = true;
    }
    return {
      scores: this.#scores.subarray(0, this.#pixels),
      groupOf: this.#groupOf.subarray(0, this.#pixels),
    };
  }
}
