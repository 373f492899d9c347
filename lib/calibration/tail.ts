/**
 * Estimates the value that a share of scores exceeds, beyond the largest score: the tenth of the scores that are largest,
 * but at least ten of them, are taken to exceed the next one by exponentially distributed amounts (peaks over a
 * threshold; Pickands 1975, with shape 0). It is never below the largest score.
 *
 * @param scores Ascending; at least 20.
 */
export function extrapolatedThreshold(scores: readonly number[], rate: number): number {
  const n = scores.length;
  const exceeding = Math.max(10, Math.ceil(n / 10));
  const start = scores[n - exceeding - 1]!;
  const excess = scores.slice(-exceeding).reduce((sum, score) => sum + score - start, 0) / exceeding;
  return Math.max(scores.at(-1)!, start + excess * Math.log(exceeding / (n * rate)));
}
