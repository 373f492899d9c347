import { firstAbove, firstAtLeast } from "../calibration/ascending.js";

/** An image of a page. */
export interface RankedImage {
  score: number;
  /** Whether it is defective; undefined if nobody has said. */
  defective?: boolean;
}

/**
 * The images' numbers, the worst misses first: the defective images that most good ones score above, and the good images
 * that most defective ones score below. Images that nobody has labelled come by their scores, the highest first.
 */
export function worstFirst(images: readonly RankedImage[]): number[] {
  const scoresOf = (defective: boolean) =>
    images.flatMap((image) => (image.defective === defective ? [image.score] : [])).sort((a, b) => a - b);
  const [good, bad] = [scoresOf(false), scoresOf(true)];
  const missed = images.map(({ score, defective }) => {
    if (defective === undefined) return 0;
    if (defective) return 1 - share(firstAtLeast(good, score), good);
    return share(firstAbove(bad, score), bad);
  });
  // Among equals: what comes closest to a miss.
  const closeness = images.map(({ score, defective }) => (defective ? -score : score));
  return images
    .map((_, number) => number)
    .sort((a, b) => missed[b]! - missed[a]! || closeness[b]! - closeness[a]!);
}

function share(count: number, { length }: readonly number[]): number {
  return length === 0 ? 0 : count / length;
}
