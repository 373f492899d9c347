import type { DecisionRule } from "../calibration/decision-rule.js";
import type { ImageStatistics } from "../calibration/image-statistics.js";
import { notCalibrated } from "../calibration/not-calibrated.js";
import type { Thresholds, Verdict } from "../calibration/thresholds.js";
import type { AnomalyMap } from "../image/anomaly-map.js";
import { decodeInTurn } from "../image/decode-in-turn.js";
import type { DecodeOptions, ImageInput } from "../image/decode.js";
import { frameOf, seenPart, type Size } from "../image/fit.js";
import { heldBytes } from "../image/input.js";
import { withLevels } from "../image/levels.js";
import type { ScorableImage } from "../image/lent-image.js";
import { originalSize } from "../image/original-size.js";
import type { RawImage } from "../image/raw-image.js";
import type { Region } from "../image/region.js";
import { ownFloats } from "../image/realm.js";
import { decodeAhead } from "../image/source.js";
import type { NativeShrinker } from "../native/addon.js";
import { cancellable } from "../native/cancellable.js";
import type { ResolvedRegionLimits } from "../options/regions.js";
import type { ResolvedScoreOptions } from "../options/score.js";
import { regionsOf } from "../regions/find-regions.js";
import { InterestMasks } from "../regions/interest-masks.js";
import { placementOf } from "../regions/placement.js";
import { resizedTo } from "../regions/resize-map.js";
import { scoreInside, type ComputedScore } from "./computed-score.js";
import type { DetectorParts } from "./parts.js";
import { ScoreQueue } from "./score-queue.js";
import { ThreadBudget } from "./thread-budget.js";

/** The result of scoring one image. */
export interface Score {
  /**
   * The largest value of the map (Deng & Li 2022, S_AD): higher is more anomalous. It has no unit; compare it only with
   * scores of the same detector.
   */
  score: number;
  /** Where the image is anomalous, at the model's size, or the image's if that was asked for. */
  map: AnomalyMap;
  /**
   * What to do with the part, by the detector's thresholds: "reject" if at least one pixel of the map is at or above
   * `thresholds.reject`, and "review" if one is at or above `thresholds.review`. null without thresholds.
   */
  verdict: Verdict | null;
  /**
   * The share of good parts that score at least as high, (1 + those of the calibration that do) / (1 + all of them): a
   * unit that can be compared between detectors. null without a calibration.
   */
  pValue: number | null;
  /** Statistics of the image, which tell whether light or camera have changed; see {@link Watch}. */
  image: ImageStatistics;
  /**
   * The regions of defects in pixels of the image, if they were asked for. The one with the highest peak comes first.
   * Unless they are limited, there is one if and only if the verdict is "reject".
   */
  regions?: Region[];
}

/** What a result contains if regions were asked for. */
export type RegionsFound = Required<Pick<Score, "regions">>;

/** What a result contains, and what stops its computation. */
type ResultRequest = Partial<Pick<ResolvedScoreOptions, "regions" | "map">> & {
  signal?: AbortSignal | undefined;
};

/** What is asked of the scorer. */
type ScoreRequest = ResultRequest & Pick<DecodeOptions, "maxPixels">;

/** The threads that all detectors share, created with the first detector. */
let budget: ThreadBudget | undefined;

/** Scores single images, in batches with others that arrive meanwhile, and lists of images. */
export class Scorer {
  readonly #parts: DetectorParts;
  readonly #rule: DecisionRule;
  readonly #masks: InterestMasks;
  readonly #budget: ThreadBudget;
  readonly #queue: ScoreQueue;
  #shrinker: NativeShrinker | undefined;

  constructor(parts: DetectorParts, rule: DecisionRule) {
    this.#parts = parts;
    this.#rule = rule;
    this.#masks = new InterestMasks(parts.model.roi, frameOf(parts.model));
    this.#budget = budget ??= new ThreadBudget(parts.addon.info().threads);
    // The tiles of one image fill batches, and few decoded images that are large should wait.
    const batching = parts.model.tiles === undefined ? parts.batching : { ...parts.batching, maxBatch: 1 };
    this.#queue = new ScoreQueue((images, signal) => this.compute(images, signal), batching);
  }

  /** Scores one image, in a batch with others that are waiting. */
  async score(image: ImageInput, { maxPixels, signal, ...asked }: ScoreRequest): Promise<Score> {
    if (asked.regions) this.#requireThresholds();
    const { levels, tiles } = this.#parts.model;
    const shrink = (decoded: RawImage) => this.shrink(decoded);
    let size: Size;
    const prepare = async () => {
      const prepared = await decodeInTurn(image, { shrink, levels, tiles, maxPixels, signal });
      size = originalSize(prepared);
      return prepared;
    };
    const result = await this.#queue.score({ bytes: heldBytes(image), prepare }, signal);
    return this.#toScore(result, size!, { ...asked, signal });
  }

  /** Scores images in order, one batch after the other. */
  async scoreAll(
    images: readonly ImageInput[],
    options: ScoreRequest & { batchSize: number },
  ): Promise<Score[]> {
    const scores: Score[] = [];
    for await (const score of this.scoreEach(images, options)) scores.push(score);
    return scores;
  }

  /**
   * Scores images in order, in batches of a fixed size, the last one apart. While a batch is computed, the images of the
   * next are decoded, and the caller works on the scores of the one before.
   */
  async *scoreEach(
    images: readonly ImageInput[],
    { batchSize, maxPixels, signal, ...asked }: ScoreRequest & { batchSize: number },
  ): AsyncGenerator<Score> {
    if (asked.regions) this.#requireThresholds();
    let running: Promise<Score[]> | undefined;
    try {
      for await (const batch of this.#batches(images, batchSize, { maxPixels, signal })) {
        const before = running;
        running = this.#scoreBatch(batch, { ...asked, signal });
        // It is awaited later; until then, a failure must not count as unhandled.
        running.catch(() => undefined);
        yield* (await before) ?? [];
      }
      yield* (await running) ?? [];
    } finally {
      await Promise.allSettled([running]);
    }
  }

  async #scoreBatch(batch: readonly ScorableImage[], asked: ResultRequest): Promise<Score[]> {
    const results = await this.compute(batch, asked.signal);
    return Promise.all(results.map((result, i) => this.#toScore(result, originalSize(batch[i]!), asked)));
  }

  /** Decodes images ahead, and puts them together: whole ones, since the tiles of one image fill batches. */
  async *#batches(
    images: readonly ImageInput[],
    batchSize: number,
    options: DecodeOptions,
  ): AsyncGenerator<ScorableImage[]> {
    const { levels, tiles } = this.#parts.model;
    const shrink = (decoded: RawImage) => this.shrink(decoded);
    const most = tiles === undefined ? batchSize : 1;
    let batch: ScorableImage[] = [];
    // A batch needs the pixels of all its images at the same time, so they cannot be lent one image at a time.
    for await (const image of decodeAhead(images, { shrink, levels, tiles, ...options, lent: false })) {
      if (batch.push(image) < most) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** Frees what belongs to it. No call may be running. */
  dispose(): void {
    this.#shrinker?.dispose();
  }

  /** Brings a decoded image to the size of the model, so that only small images wait for their batch. */
  async shrink(image: RawImage): Promise<ScorableImage> {
    this.#shrinker ??= new this.#parts.addon.Shrinker(frameOf(this.#parts.model));
    const shrunk = await this.#shrinker.shrink(image);
    return image.depth === undefined ? shrunk : { ...shrunk, depth: image.depth };
  }

  /** Computes one batch as soon as its threads are free. */
  compute(images: readonly ScorableImage[], signal: AbortSignal | undefined): Promise<ComputedScore[]> {
    const { addon, native, threads, model } = this.#parts;
    const leveled = (image: ScorableImage) => withLevels(image, model.levels);
    return scoreInside(images, this.#masks, leveled, (lent) => {
      const compute = () => cancellable(addon, signal, (token) => native.score(lent, threads, token));
      return this.#budget.use(threads, compute, signal);
    });
  }

  /** Collects what the networks' convolutions read while they score images; see `NativeModel.observe`. */
  observe(images: readonly ScorableImage[], signal: AbortSignal | undefined): Promise<void> {
    const { addon, native, threads, model } = this.#parts;
    const leveled = images.map((image) => withLevels(image, model.levels));
    const observe = () => cancellable(addon, signal, (token) => native.observe(leveled, threads, token));
    return this.#budget.use(threads, observe, signal);
  }

  /** @param size The size of the image, before it was shrunk. */
  async #toScore(
    { score, map, height, width, image, mask }: ComputedScore,
    size: Size,
    { regions: limits, map: mapSize, signal }: ResultRequest,
  ): Promise<Score> {
    const { addon, model } = this.#parts;
    const part = seenPart(size, frameOf(model));
    const whole = {
      ...{ data: ownFloats(map), height, width },
      ...(part && { part }),
      ...(mask && { mask: mask.slice() }),
    };
    return {
      score,
      map: mapSize === "original" ? await resizedTo(addon, whole, size) : whole,
      ...this.#rule.judge(score),
      image,
      ...(limits && { regions: await this.#findRegions(whole, size, { ...limits, signal }) }),
    };
  }

  #findRegions(
    map: AnomalyMap,
    size: Size,
    limits: ResolvedRegionLimits & { signal: AbortSignal | undefined },
  ): Promise<Region[]> {
    const { reject: seed, outline } = this.#requireThresholds();
    const placement = placementOf(map, size);
    return regionsOf(this.#parts.addon, map, { ...limits, seed, outline, placement });
  }

  #requireThresholds(): Thresholds {
    const { thresholds } = this.#rule;
    if (thresholds === null) throw notCalibrated("The detector");
    return thresholds;
  }
}
