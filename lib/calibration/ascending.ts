/** The index of the first value that is not below a limit; the length if there is none. */
export function firstAtLeast(ascending: readonly number[], limit: number): number {
  return firstNot(ascending, (value) => value < limit);
}

/** The index of the first value that is above a limit; the length if there is none. */
export function firstAbove(ascending: readonly number[], limit: number): number {
  return firstNot(ascending, (value) => value <= limit);
}

function firstNot(ascending: readonly number[], passes: (value: number) => boolean): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(ascending[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
