import { throwIfAborted } from "../errors/abort.js";
import { Callback } from "../errors/callback.js";
import { ReverseDistillationError } from "../errors/error.js";
import { inTurns } from "../errors/long-work.js";
import { reading } from "../errors/reading.js";
import { invalid } from "../errors/validate.js";
import { byCodeUnits } from "../image/folder.js";
import { abortOptions } from "../options/computing.js";
import { imageOptions } from "../options/images.js";
import { boolean, callback } from "../options/kind.js";
import { option, optional, resolveOptions, type GivenOptions } from "../options/option.js";
import { labelOf, normalLabel, type Dataset, type TestImage } from "./datasets/dataset.js";
import { decodeMask, resizedUnion } from "./mask.js";
import { sizeOfImage } from "./masks/image-size.js";
import { MaskFindings } from "./masks/remarks.js";
import { classificationMetrics } from "./metrics/index.js";
import type { ClassificationMetrics, PixelMap, PixelMask, PixelMetrics } from "./metrics/index.js";
import { PixelPool } from "./metrics/pixel-pool.js";

interface ImageScoreOptions {
  maxPixels?: number;
  signal?: AbortSignal | undefined;
}

/** What can be evaluated, such as a `Detector`. */
export interface Scorer {
  score(image: string, options?: ImageScoreOptions): Promise<{ score: number; map: PixelMap }>;
  /** The same for several images in order, for a scorer that can decode the next image meanwhile. */
  scoreEach?(
    images: readonly string[],
    options?: ImageScoreOptions,
  ): AsyncIterable<{ score: number; map: PixelMap }>;
}

const evaluationOptions = {
  /**
   * Whether to compute pixel metrics too. They need the values of all anomaly maps at once: 8 bytes per pixel, and 9 more
   * while they are computed.
   * @defaultValue true
   */
  pixels: option(boolean, { default: true }),
  /** Called after each image. If it throws, the evaluation stops. */
  onProgress: optional(callback<(progress: { done: number; total: number }) => void>()),
  /** Called with the result of each image, and awaited. */
  onScored:
    optional(callback<(item: TestImage, result: { score: number; map: PixelMap }) => void | Promise<void>>()),
};

/** The options of `evaluate`. */
export const evaluateOptions = { ...evaluationOptions, ...imageOptions, ...abortOptions };

/** How a data set is evaluated. */
export interface EvaluateOptions
  extends
    GivenOptions<typeof evaluationOptions>,
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
  /** By pixel, over the good images and the defective images with a mask; null if not requested. */
  pixel: PixelMetrics | null;
}

/** The result of `Detector.evaluate`: plain data that can be written as JSON. An undefined metric is null. */
export interface Report {
  overall: EvaluatedGroup;
  /** By kind of defect, in order of their names. */
  kinds: EvaluatedGroup[];
  /** Every test image's score, in the order of the data set. */
  images: { image: string; label: string; score: number }[];
  /** Masks that belong to no test image. */
  unusedMasks: string[];
  /** What a reader should know: what the data set leaves out, how it is split, which masks look wrong. */
  notes: string[];
}

/**
 * Scores the test images of a data set, one at a time, and compares with their labels and masks.
 * Masks are brought to the size of the maps by nearest neighbour.
 *
 * @throws ReverseDistillationError `NO_IMAGES` if the data set has no test images, `INVALID_ARGUMENT`,
 * `ABORTED`, and what the scorer and `readMask` throw.
 */
export async function evaluate(
  scorer: Scorer,
  dataset: Dataset,
  options: EvaluateOptions = {},
): Promise<Report> {
  const { pixels, onProgress, onScored, maxPixels, signal } = resolveOptions(evaluateOptions, options);
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
  const pool = pixels ? new PixelPool() : null;
  for await (const result of scoresOf(scorer, test, { maxPixels, signal })) {
    const item = test[results.length]!;
    scored.call(item, result);
    await scored.settled(signal);
    const entry: Result = { item, score: result.score };
    if (pool !== null) {
      const mask = await maskFor(item, result.map, { findings, maxPixels, signal });
      if (mask !== undefined) {
        entry.compared = pool.images;
        pool.add(result.map, mask);
      }
    }
    results.push(entry);
    progress.call({ done: results.length, total: test.length });
    await progress.settled(signal);
  }

  const kinds = [...new Set(test.map((item) => item.label))].filter((label) => label !== normalLabel);
  const groups: EvaluatedGroup[] = [];
  for (const kind of kinds.sort(byCodeUnits)) {
    const some = results.filter(({ item }) => item.label === kind || item.label === normalLabel);
    groups.push(await evaluateGroup(kind, some, pool, signal));
  }
  return {
    overall: await evaluateGroup("all", results, pool, signal),
    kinds: groups,
    images: results.map(({ item: { image, label }, score }) => ({ image, label, score })),
    unusedMasks,
    notes: [...notes, ...findings.notes()],
  };
}

/** What is needed of a data set, if it has the form of one. */
function checkedDataset({
  unusedMasks = [],
  notes = [],
  test,
}: Partial<Dataset>): Required<Pick<Dataset, "unusedMasks" | "notes" | "test">> {
  if (!Array.isArray(test)) throw invalid("dataset.test", "a list of { image, label, mask?, group? }", test);
  const items = Array.from(test as readonly TestImage[], (item, index) => {
    const { label } = item;
    if (typeof label !== "string") throw invalid(`dataset.test[${index}].label`, "a string", label);
    return { ...item, label: labelOf(label) };
  });
  for (const [name, list] of Object.entries({ unusedMasks, notes }))
    if (!Array.isArray(list)) throw invalid(`dataset.${name}`, "a list of strings", list);
  return { unusedMasks, notes, test: items };
}

interface Result {
  item: TestImage;
  score: number;
  /** Its number in the pool of pixels; absent if there is no mask to compare with. */
  compared?: number;
}

/** The images' scores in order. */
async function* scoresOf(
  scorer: Scorer,
  test: readonly TestImage[],
  options: ImageScoreOptions,
): AsyncGenerator<{ score: number; map: PixelMap }> {
  throwIfAborted(options.signal);
  const images = test.map(({ image }) => image);
  if (scorer.scoreEach !== undefined) {
    yield* scorer.scoreEach(images, options);
    return;
  }
  for (const image of images) {
    throwIfAborted(options.signal);
    yield await scorer.score(image, options);
  }
}

/** What a map is compared with, at the size of the map; undefined if there is no mask. */
async function maskFor(
  { image, label, mask }: TestImage,
  map: PixelMap,
  { findings, ...options }: { findings: MaskFindings; maxPixels: number; signal: AbortSignal | undefined },
): Promise<PixelMask | undefined> {
  const paths = mask === undefined ? [] : [mask].flat();
  const masks = [];
  for (const path of paths) masks.push(await decodeMask(path, options));
  const [first] = masks;
  for (const { path, remarks } of masks) for (const remark of remarks) findings.add(remark, path);
  const marked = masks.some(({ count }) => count > 0);
  if (label === normalLabel) {
    if (first !== undefined && marked) findings.add("good-marked", first.path);
    return null;
  }
  if (first === undefined) return undefined;
  const union = resizedUnion(masks, map.height, map.width);
  const count = union.reduce((sum, each) => sum + each, 0);
  if (!marked) findings.add("empty", first.path);
  else if (count === 0) findings.add("lost", first.path);
  else if (count > union.length / 2) findings.add("mostly-marked", first.path);
  if (await differInProportions(image, first, options.maxPixels))
    findings.add("other-proportions", first.path);
  return union;
}

/** Whether a mask cannot be a scaled mask of the image. If the size of the image is unknown, it can. */
async function differInProportions(
  image: string,
  mask: { width: number; height: number },
  maxPixels: number,
): Promise<boolean> {
  const size = await sizeOfImage(image, maxPixels);
  if (size === undefined) return false;
  // Rounding to whole pixels changes the proportions of small masks.
  const expected = (mask.width * size.height) / size.width;
  return Math.abs(expected - mask.height) > 1 + 0.02 * mask.height;
}

async function evaluateGroup(
  label: string,
  results: readonly Result[],
  pool: PixelPool | null,
  signal: AbortSignal | undefined,
): Promise<EvaluatedGroup> {
  const labels = results.map(({ item }) => item.label !== normalLabel);
  const scores = results.map(({ score }) => score);
  const defective = labels.filter(Boolean).length;
  return {
    label,
    good: results.length - defective,
    defective,
    withoutMask: results.filter(({ item }) => item.label !== normalLabel && item.mask === undefined).length,
    image: classificationMetrics(scores, labels),
    pixel: pool === null ? null : await evaluatePixels(pool, results, signal),
  };
}

async function evaluatePixels(
  pool: PixelPool,
  results: readonly Result[],
  signal: AbortSignal | undefined,
): Promise<PixelMetrics> {
  const images = results.flatMap(({ compared }) => compared ?? []);
  const some = images.length === pool.images ? pool : await inTurns(pool.subset(images), signal);
  return inTurns(some.metrics(), signal);
}
