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
    if (defective) return 1 - share(good, (other) => other < score);
    return share(bad, (other) => other <= score);
  });
  // Among equals: what comes closest to a miss.
  const closeness = images.map(({ score, defective }) => (defective ? -score : score));
  return images
    .map((_, number) => number)
    .sort((a, b) => missed[b]! - missed[a]! || closeness[b]! - closeness[a]!);
}

/** The share of sorted values before the first one that does not fulfil the condition; 0 if there are none. */
function share(sorted: readonly number[], holds: (value: number) => boolean): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (holds(sorted[middle]!)) from = middle + 1;
    else to = middle;
  }
  return sorted.length === 0 ? 0 : from / sorted.length;
}
