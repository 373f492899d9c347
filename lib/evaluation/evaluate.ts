import type { Thresholds } from "../calibration/thresholds.js";
import { throwIfAborted } from "../errors/abort.js";
import { Callback } from "../errors/callback.js";
import { ReverseDistillationError } from "../errors/error.js";
import { inTurns, Turn } from "../errors/long-work.js";
import { reading } from "../errors/reading.js";
import { byCodeUnits } from "../image/folder.js";
import { abortOptions } from "../options/computing.js";
import { imageOptions } from "../options/images.js";
import { boolean, callback, wholeNumber } from "../options/kind.js";
import { option, optional, resolveOptions, type GivenOptions } from "../options/option.js";
import { regionsKind, type ResolvedRegionLimits } from "../options/regions.js";
import { batchOptions } from "../options/score.js";
import { Random } from "../random.js";
import type { Region } from "../image/region.js";
import { atThresholds, type AtThresholds } from "./at-thresholds.js";
import { checkedDataset } from "./datasets/checked.js";
import { normalLabel, type Dataset, type TestImage } from "./datasets/dataset.js";
import { comparedMask, masksAhead, type ReadMasks } from "./masks/compared.js";
import { MaskFindings } from "./masks/remarks.js";
import { aurocInterval, tallyImages, type Interval, type Tallies } from "./metrics/auroc-interval.js";
import { classificationMetrics } from "./metrics/index.js";
import type { ClassificationMetrics, Metric, PixelMap, PixelMetrics } from "./metrics/index.js";
import { PixelPool } from "./metrics/pixel-pool.js";

interface ImageScoreOptions {
  /** Which regions of defects to find; absent if none are asked for. */
  regions?: ResolvedRegionLimits;
  maxPixels: number;
  signal: AbortSignal | undefined;
}

/** The result for one image of a data set, as far as an evaluation needs it. */
export interface ImageScore {
  score: number;
  map: PixelMap;
  /** The regions of defects, if they were asked for. */
  regions?: Region[];
}

/** What can be evaluated, such as a `Detector`: it scores single images, or several in order and in batches. */
export type Scorer = (
  | { score(image: string, options: ImageScoreOptions): Promise<ImageScore> }
  | {
      scoreEach(
        images: readonly string[],
        options: ImageScoreOptions & { batchSize: number },
      ): AsyncIterable<ImageScore>;
    }
) & {
  /** If there are any, the report says what they do to the test images. */
  thresholds?: Pick<Thresholds, "reject" | "review"> | null;
};

const evaluationOptions = {
  /**
   * Whether to compute pixel metrics too. They need the values of all anomaly maps at once: 8 bytes per pixel, and 9 more
   * while they are computed.
   * @defaultValue true
   */
  pixels: option(boolean, { default: true }),
  /**
   * Number of bootstrap resamples behind the 95 % interval of each AUROC; 0 leaves the intervals out. More resamples make the
   * ends of the intervals steadier.
   * @defaultValue 1000
   */
  resamples: option(wholeNumber(0, 1_000_000), {
    default: 1000,
    help: "bootstrap resamples for the 95 % interval of each AUROC; 0 for none",
  }),
  /**
   * Whether to find the regions of defects in each image, for `onScored`: true, or `{ minArea, maxCount }` to limit them. It
   * needs a detector with thresholds.
   * @defaultValue false
   */
  regions: option(regionsKind, { default: false }),
  /** Called after each image. If it throws, the evaluation stops. */
  onProgress: optional(callback<(progress: { done: number; total: number }) => void>()),
  /** Called with the result of each image, and awaited. */
  onScored: optional(callback<(item: TestImage, result: ImageScore) => void | Promise<void>>()),
};

/** The options of `evaluate`. */
export const evaluateOptions = {
  ...evaluationOptions,
  ...batchOptions,
  ...imageOptions,
  ...abortOptions,
};

/** How a data set is evaluated. */
export interface EvaluateOptions
  extends
    GivenOptions<typeof evaluationOptions>,
    GivenOptions<typeof batchOptions>,
    GivenOptions<typeof imageOptions>,
    GivenOptions<typeof abortOptions> {}

/** How well the defects of one kind, or of all kinds, are separated from the good images, all of which count in each group. */
export interface EvaluatedGroup {
  /** The kind of defect, or "all". */
  label: string;
  /** Number of good images. */
  good: number;
  /** Number of defective images. */
  defective: number;
  /** Number of defective images without a mask, which the pixel metrics leave out. */
  withoutMask: number;
  /** By image score. */
  image: ClassificationMetrics;
  /** 95 % intervals of the AUROC by image score and by pixel; null if the AUROC is, or if there are no resamples. */
  aurocInterval: { image: Interval | null; pixel: Interval | null };
  /** What the detector's thresholds do to these images; null if it has none. */
  atThresholds: AtThresholds | null;
  /** By pixel, over the good images and the defective images with a mask; null if not requested. */
  pixel: PixelMetrics | null;
}

/** A test image of a report. */
export interface EvaluatedImage {
  image: string;
  label: string;
  score: number;
  /** Its own AUPIMO; null if it is good or has no mask, or if pixels were left out. */
  aupimo: Metric;
}

/** The result of `Detector.evaluate`: plain data that can be written as JSON. An undefined metric is null. */
export interface Report {
  overall: EvaluatedGroup;
  /** By kind of defect, in order of their names. */
  kinds: EvaluatedGroup[];
  /** Number of bootstrap resamples behind each interval. */
  resamples: number;
  /**
   * The curve that PRO integrates, over all kinds: points of false-positive rate and overlap, as many as a picture can show.
   * null if PRO is undefined, or if pixels were left out.
   */
  proCurve: [fpr: number, overlap: number][] | null;
  /** Every test image's score, in the order of the data set. */
  images: EvaluatedImage[];
  /** Masks that belong to no test image. */
  unusedMasks: string[];
  /** What a reader should know: what the data set leaves out, how it is split, which masks look wrong. */
  notes: string[];
}

/**
 * Scores the test images of a data set, in batches of a fixed size in the order of the data set, and compares with their
 * labels and masks. Masks are brought to the size of the maps by nearest neighbour.
 *
 * @throws ReverseDistillationError `NO_IMAGES` if the data set has no test images, `INVALID_ARGUMENT`,
 * `ABORTED`, and what the scorer and `readMask` throw.
 */
export async function evaluate(
  scorer: Scorer,
  dataset: Dataset,
  options: EvaluateOptions = {},
): Promise<Report> {
  const { pixels, resamples, regions, onProgress, onScored, batchSize, maxPixels, signal } = resolveOptions(
    evaluateOptions,
    options,
  );
  const { unusedMasks, notes, test } = reading("dataset", () => checkedDataset(dataset));
  if (test.length === 0) {
    throw new ReverseDistillationError(
      "NO_IMAGES",
      "The data set has no test images: there is nothing to evaluate.",
    );
  }

  const progress = new Callback("onProgress", onProgress);
  const scored = new Callback("onScored", onScored);
  const results: Result[] = [];
  const findings = new MaskFindings();
  let pool: PixelPool | null = null;
  const masks = masksAhead(test, { maxPixels, signal });
  // The scores of a batch are there at once, and so may the masks be.
  const turn = new Turn();
  try {
    for await (const result of scoresOf(scorer, test, {
      batchSize,
      ...(regions && { regions }),
      maxPixels,
      signal,
    })) {
      const item = test[results.length]!;
      scored.call(item, result);
      await scored.settled(signal);
      const entry: Result = { item, score: result.score };
      if (pixels) {
        // Room for all at once: a pool that grew would be copied, which holds the event loop.
        pool ??= new PixelPool(result.map.data.length * comparable(test));
        const { value: read } = (await masks.next()) as IteratorYieldResult<ReadMasks>;
        const mask = comparedMask(item, read, result.map, findings);
        if (mask !== undefined) {
          entry.compared = pool.images;
          pool.add(result.map, mask);
        }
      }
      results.push(entry);
      progress.call({ done: results.length, total: test.length });
      await progress.settled(signal);
      await turn.endIfLong(signal);
    }
  } finally {
    await masks.return();
  }

  const kinds = [...new Set(test.map((item) => item.label))].filter((label) => label !== normalLabel);
  const comparison = { pool, thresholds: scorer.thresholds ?? null, resamples, signal };
  const groups: EvaluatedGroup[] = [];
  for (const kind of kinds.sort(byCodeUnits)) {
    const some = results.filter(({ item }) => item.label === kind || item.label === normalLabel);
    groups.push(await evaluateGroup(kind, some, comparison));
  }
  const overall = await evaluateGroup("all", results, comparison);
  const aupimo = pool === null ? [] : (await inTurns(pool.aupimo(), signal)).images;
  return {
    overall,
    kinds: groups,
    resamples,
    proCurve: pool && (await inTurns(pool.overlapCurve(), signal)),
    images: results.map(({ item: { image, label }, score, compared }) => ({
      image,
      label,
      score,
      aupimo: aupimo[compared ?? -1] ?? null,
    })),
    unusedMasks,
    notes: [...notes, ...findings.notes()],
  };
}

interface Result {
  item: TestImage;
  score: number;
  /** Its number in the pool of pixels; absent if there is no mask to compare with. */
  compared?: number;
}

/** The number of images that are good or have a mask. */
function comparable(test: readonly TestImage[]): number {
  return test.filter(({ label, mask }) => label === normalLabel || mask !== undefined).length;
}

/** The images' scores in order. */
async function* scoresOf(
  scorer: Scorer,
  test: readonly TestImage[],
  { batchSize, ...options }: ImageScoreOptions & { batchSize: number },
): AsyncGenerator<ImageScore> {
  const { signal } = options;
  throwIfAborted(signal);
  const images = test.map(({ image }) => image);
  if ("scoreEach" in scorer) {
    yield* scorer.scoreEach(images, { batchSize, ...options });
    return;
  }
  for (const image of images) {
    throwIfAborted(signal);
    yield await scorer.score(image, options);
  }
}

async function evaluateGroup(
  label: string,
  results: readonly Result[],
  {
    pool,
    thresholds,
    resamples,
    signal,
  }: {
    pool: PixelPool | null;
    thresholds: Pick<Thresholds, "reject" | "review"> | null;
    resamples: number;
    signal: AbortSignal | undefined;
  },
): Promise<EvaluatedGroup> {
  const labels = results.map(({ item }) => item.label !== normalLabel);
  const scores = results.map(({ score }) => score);
  const defective = labels.filter(Boolean).length;
  const interval = (tallies: Tallies, of: readonly boolean[], what: string) =>
    inTurns(aurocInterval(tallies, of, resamples, new Random("bootstrap", what, label)), signal);
  const group = {
    label,
    good: results.length - defective,
    defective,
    withoutMask: results.filter(({ item }) => item.label !== normalLabel && item.mask === undefined).length,
    image: classificationMetrics(scores, labels),
    atThresholds: thresholds && atThresholds(scores, labels, thresholds),
  };
  const image = await interval(tallyImages(scores, labels), labels, "image");
  if (pool === null) return { ...group, aurocInterval: { image, pixel: null }, pixel: null };

  const compared = results.filter((result) => result.compared !== undefined);
  const some = await poolOf(compared, pool, signal);
  const pixel = await interval(
    await inTurns(some.tallies(), signal),
    compared.map(({ item }) => item.label !== normalLabel),
    "pixel",
  );
  return { ...group, aurocInterval: { image, pixel }, pixel: await inTurns(some.metrics(), signal) };
}

async function poolOf(
  results: readonly Result[],
  pool: PixelPool,
  signal: AbortSignal | undefined,
): Promise<PixelPool> {
  const images = results.map(({ compared }) => compared!);
  return images.length === pool.images ? pool : inTurns(pool.subset(images), signal);
}
