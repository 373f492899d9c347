import { ReverseDistillationError } from "../../errors/error.js";
import { atOnce } from "../../errors/long-work.js";
import { reading } from "../../errors/reading.js";
import { invalid } from "../../errors/validate.js";
import { checkedMap } from "../../image/anomaly-map.js";
import type { Aupimo } from "./aupimo.js";
import type { Metric } from "./metric.js";
import {
  PixelPool,
  type AupimoOptions,
  type PixelMap,
  type PixelMask,
  type PixelMetrics,
  type ProOptions,
} from "./pixel-pool.js";
import type { Pro } from "./pro.js";
import type { ClassificationMetrics, F1Max } from "./threshold-metrics.js";

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

/** AUPIMO of each image, and its mean. As {@link pixelAuroc} otherwise. */
export function aupimo(
  maps: readonly PixelMap[],
  masks: readonly PixelMask[],
  options?: AupimoOptions,
): Aupimo {
  return collect(maps, masks).aupimo(options);
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

/**
 * Gathers the pixels of images one image at a time, for metrics over all of them. What is added is
 * copied: 8 bytes per pixel are kept, and 9 more are needed while metrics are computed.
 */
export class PixelScores {
  readonly #pool: PixelPool;

  /**
   * @param expectedPixels Number of pixels to make room for; more may come.
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, `OUT_OF_MEMORY`
   */
  constructor(expectedPixels = 0) {
    this.#pool = new PixelPool(expectedPixels);
  }

  /** Number of images added. */
  get images(): number {
    return this.#pool.images;
  }

  /**
   * @throws ReverseDistillationError `INVALID_ARGUMENT` if map and mask do not go together, or a
   * score is not finite; then nothing is added.
   */
  add(map: PixelMap, mask: PixelMask): void {
    this.#pool.add(map, mask);
  }

  /** AUROC, average precision and F1-max over all pixels. */
  classification(): ClassificationMetrics {
    return atOnce(this.#pool.classification());
  }

  /** PRO in both averages. @throws ReverseDistillationError `INVALID_ARGUMENT` for `maxFpr`. */
  pro(options?: ProOptions): Pro {
    return atOnce(this.#pool.regions(options)).pro;
  }

  /** AUPIMO of each image. @throws ReverseDistillationError `INVALID_ARGUMENT` for `fprBounds`. */
  aupimo(options?: AupimoOptions): Aupimo {
    return atOnce(this.#pool.aupimo(options));
  }

  metrics(options?: ProOptions): PixelMetrics {
    return atOnce(this.#pool.metrics(options));
  }
}
