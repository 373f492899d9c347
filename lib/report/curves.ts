/** A curve's points from left to right. */
export type Curve = readonly (readonly [x: number, y: number])[];

/** An image's score, and whether it is defective. */
export interface LabelledScore {
  score: number;
  defective: boolean;
}

/** True-positive rate over false-positive rate at every distinct score, from (0, 0) to (1, 1). */
export function rocCurve(images: readonly LabelledScore[]): Curve {
  const [good, defective] = counts(images);
  const points = thresholds(images).map(
    ({ falseAlarms, found }) => [falseAlarms / good, found / defective] as const,
  );
  return [[0, 0], ...points];
}

/** Precision over recall at every distinct score. The first point repeats the precision of the highest one. */
export function precisionRecallCurve(images: readonly LabelledScore[]): Curve {
  const [, defective] = counts(images);
  const points = thresholds(images).map(
    ({ falseAlarms, found }) => [found / defective, found / (found + falseAlarms)] as const,
  );
  const [first] = points;
  return first === undefined ? [] : [[0, first[1]], ...points];
}

function counts(images: readonly LabelledScore[]): [good: number, defective: number] {
  const defective = images.filter((image) => image.defective).length;
  return [images.length - defective, defective];
}

/** What each distinct score gives as the threshold, from the largest down. */
function thresholds(images: readonly LabelledScore[]): { falseAlarms: number; found: number }[] {
  const sorted = [...images].sort((a, b) => b.score - a.score);
  let [falseAlarms, found] = [0, 0];
  return sorted.flatMap(({ score, defective }, index) => {
    if (defective) found++;
    else falseAlarms++;
    return sorted[index + 1]?.score === score ? [] : [{ falseAlarms, found }];
  });
}
