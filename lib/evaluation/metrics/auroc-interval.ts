import { inPieces, type Work } from "../../errors/long-work.js";
import type { Random } from "../../random.js";
import type { PixelGroup } from "./pro.js";

/** A 95 % confidence interval. */
export interface Interval {
  lower: number;
  upper: number;
}

const confidence = 0.95;

/**
 * How many normal and anomalous items of each image lie in each bin of scores. Bins are numbered from the largest scores
 * down; cell 2 b counts the normal items of bin b, cell 2 b + 1 its anomalous ones.
 */
export interface Tallies {
  bins: number;
  /** By image: pairs of a cell and its count, one after the other. */
  images: number[][];
}

/** Each image is one item, and each distinct score a bin. */
export function tallyImages(scores: readonly number[], anomalous: readonly boolean[]): Tallies {
  const distinct = [...new Set(scores)].sort((a, b) => b - a);
  const binOf = new Map(distinct.map((score, bin) => [score, bin]));
  return {
    bins: distinct.length,
    images: scores.map((score, image) => [2 * binOf.get(score)! + Number(anomalous[image]), 1]),
  };
}

/** No more than 1 in this many normal pixels fall into one bin, nor of the anomalous ones, ties apart. */
const pixelBins = 250;

/**
 * Each pixel is an item. Pairs of pixels in one bin count half, as if they were tied, so an AUROC of bins differs from the
 * exact one by less than half of 1 / `pixelBins`, and usually by less than a tenth of that.
 */
export function* tallyPixels(
  scores: Float32Array,
  groupOf: Uint32Array,
  groups: readonly PixelGroup[],
  images: number,
): Work<Tallies> {
  const sizes = [0, 0];
  for (const { anomalous, size } of groups) sizes[Number(anomalous)]! += size;
  const full = sizes.map((size) => Math.max(1, size / pixelBins));
  const classes = Uint8Array.from(groups, ({ anomalous }) => Number(anomalous));
  const tallies: Tallies = { bins: 0, images: Array.from({ length: images }, () => []) };
  const counts = new Uint32Array(groups.length);
  const inBin = [0, 0];
  let met: number[] = [];
  const close = () => {
    for (const group of met) {
      tallies.images[groups[group]!.image]!.push(2 * tallies.bins + classes[group]!, counts[group]!);
      counts[group] = 0;
    }
    tallies.bins++;
    met = [];
    inBin.fill(0);
  };
  yield* inPieces(scores.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const group = groupOf[i]!;
      if (counts[group]!++ === 0) met.push(group);
      inBin[classes[group]!]!++;
      if (scores[i + 1] === scores[i]) continue;
      if (inBin[0]! >= full[0]! || inBin[1]! >= full[1]!) close();
    }
  });
  if (met.length > 0) close();
  return tallies;
}

/**
 * The percentile bootstrap interval of an AUROC (Efron 1979). Images are drawn again with replacement, as many as there are
 * of each label, so that pixels of one image stay together.
 *
 * @param defective Whether each image is defective.
 * @returns null if the AUROC is undefined in all resamples, as without good or without defective images.
 */
export function* aurocInterval(
  { bins, images }: Tallies,
  defective: readonly boolean[],
  resamples: number,
  random: Random,
): Work<Interval | null> {
  const strata = [false, true].map((label) =>
    defective.flatMap((each, image) => (each === label ? [image] : [])),
  );
  const values: number[] = [];
  const drawn = new Uint32Array(images.length);
  const cells = new Float64Array(2 * bins);
  for (let resample = 0; resample < resamples; resample++) {
    drawn.fill(0);
    for (const stratum of strata)
      for (let i = 0; i < stratum.length; i++) drawn[stratum[random.below(stratum.length)]!]!++;
    cells.fill(0);
    for (const [image, tally] of images.entries()) {
      const times = drawn[image]!;
      if (times === 0) continue;
      for (let i = 0; i < tally.length; i += 2) cells[tally[i]!]! += times * tally[i + 1]!;
    }
    const value = aurocOfCells(cells);
    if (value !== null) values.push(value);
    yield;
  }
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const tail = (1 - confidence) / 2;
  return { lower: quantile(values, tail), upper: quantile(values, 1 - tail) };
}

/** The share of pairs in order, from the largest scores down; null without a pair. */
function aurocOfCells(cells: Float64Array): number | null {
  let [ordered, positives, negatives] = [0, 0, 0];
  for (let cell = 0; cell < cells.length; cell += 2) {
    const [normal, anomalous] = [cells[cell]!, cells[cell + 1]!];
    ordered += normal * (positives + anomalous / 2);
    positives += anomalous;
    negatives += normal;
  }
  return positives === 0 || negatives === 0 ? null : ordered / (positives * negatives);
}

/** The quantile of sorted values, linear between them. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low + (high - low) * (place - Math.floor(place));
}
