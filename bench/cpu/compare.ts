/** One side of a comparison: does the job once and says how many seconds it took. */
export type Run = () => Promise<number>;

/** Seconds that a job took, over the rounds. */
export interface Timing {
  median: number;
  /** First and third quartile. */
  quartiles: [number, number];
  rounds: number;
}

/** A job on both sides. */
export interface Comparison {
  job: string;
  /** What a second is of, such as "a batch of 8". */
  unit: string;
  ours: Timing;
  reference: Timing;
  /** Median of the reference over ours: above 1 we are faster. */
  ratio: number;
}

/**
 * Does a job on both sides in alternation, so that what else the machine does meets both; the first round of
 * each is warm-up and is not counted.
 */
export async function compare(
  job: string,
  unit: string,
  rounds: number,
  sides: { ours: Run; reference: Run },
): Promise<Comparison> {
  const ours: number[] = [];
  const reference: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const [first, second] = [await sides.ours(), await sides.reference()];
    if (round < 0) continue;
    ours.push(first);
    reference.push(second);
  }
  return comparison(job, unit, ours, reference);
}

/** From the seconds that each side took, by round. */
export function comparison(
  job: string,
  unit: string,
  ours: readonly number[],
  reference: readonly number[],
): Comparison {
  const timings = { ours: timing(ours), reference: timing(reference) };
  return { job, unit, ...timings, ratio: timings.reference.median / timings.ours.median };
}

/** Median and quartiles of seconds. */
export function timing(seconds: readonly number[]): Timing {
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
    return low + (high - low) * (place - Math.floor(place));
  };
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)], rounds: seconds.length };
}

/** Seconds that a promise of work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** A line for the terminal. */
export function line({ job, unit, ours, reference, ratio }: Comparison): string {
  const columns = [job.padEnd(52), `${milliseconds(ours)} here`, `${milliseconds(reference)} Python`];
  return `${columns.join("  ")}  ${ratio.toFixed(2)} x   (${unit})`;
}

function milliseconds({ median, quartiles: [low, high] }: Timing): string {
  const text = (seconds: number) => (seconds * 1000).toPrecision(3);
  return `${text(median)} ms (${text(low)} to ${text(high)})`.padStart(28);
}
