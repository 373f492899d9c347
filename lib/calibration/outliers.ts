/** A good image whose score is far above those of the others. */
export interface Outlier {
  /** Its path, or "image 5" for the fifth image. */
  image: string;
  score: number;
}

/** Fewer scores do not show what is usual. */
const fewest = 8;

/**
 * Finds scores that are far above the others: more than three interquartile ranges above the third quartile of the
 * logarithms (Tukey's outer fence; logarithms, because scores are skewed).
 */
export function findOutliers(scored: readonly Outlier[]): Outlier[] {
  if (scored.length < fewest) return [];
  const logs = scored.map(({ score }) => Math.log(score)).sort((a, b) => a - b);
  const quartile = (share: number) => logs[Math.floor(share * (logs.length - 1))]!;
  const fence = quartile(0.75) + 3 * (quartile(0.75) - quartile(0.25));
  return scored.filter(({ score }) => Math.log(score) > fence).sort((a, b) => b.score - a.score);
}
