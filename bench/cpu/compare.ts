/** One side of a comparison: does the job once and says how many seconds, or bytes, it took. */
export type Run = () => Promise<number>;

/** What a job took, over the rounds: seconds or bytes. */
export interface Distribution {
  median: number;
  /** First and third quartile. */
  quartiles: [number, number];
  rounds: number;
}

/** A job on both sides. */
export interface Comparison {
  job: string;
  /** What a number is of, such as "a batch of 8". */
  unit: string;
  quantity: "seconds" | "bytes";
  /** The other side. */
  against: string;
  ours: Distribution;
  reference: Distribution;
  /** Median of the reference over ours: above 1 we take less. */
  ratio: number;
  /** What follows from our median, named with its unit. */
  figures?: Record<string, number>;
}

/** What a comparison is of, before it is made. */
export type Subject = Pick<Comparison, "job" | "unit"> & Partial<Pick<Comparison, "quantity" | "against">>;

/** Does a job on both sides in alternation, and compares. */
export async function compare(
  subject: Subject,
  rounds: number,
  sides: { ours: Run; reference: Run },
): Promise<Comparison> {
  const { ours, reference } = await alternate(rounds, sides);
  return comparison(subject, ours, reference);
}

/**
 * What each side took, by round. They alternate, so that what else the machine does meets both; the first round
 * of each is warm-up and is not counted.
 */
export async function alternate(
  rounds: number,
  sides: { ours: Run; reference: Run },
): Promise<{ ours: number[]; reference: number[] }> {
  const ours: number[] = [];
  const reference: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const [first, second] = [await sides.ours(), await sides.reference()];
    if (round < 0) continue;
    ours.push(first);
    reference.push(second);
  }
  return { ours, reference };
}

/** From what each side took, by round. */
export function comparison(
  { job, unit, quantity = "seconds", against = "Python" }: Subject,
  ours: readonly number[],
  reference: readonly number[],
): Comparison {
  const both = { ours: distribution(ours), reference: distribution(reference) };
  return { job, unit, quantity, against, ...both, ratio: both.reference.median / both.ours.median };
}

/** Median and quartiles. */
export function distribution(values: readonly number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
    return low + (high - low) * (place - Math.floor(place));
  };
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)], rounds: values.length };
}

/** Seconds that a promise of work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** A line for the terminal. */
export function line({ job, unit, quantity, against, ours, reference, ratio, figures }: Comparison): string {
  const columns = [
    job.padEnd(56),
    `${shown(ours, quantity)} here`,
    `${shown(reference, quantity)} ${against}`,
    `${ratio.toFixed(2)} x   (${unit})`,
    ...Object.entries(figures ?? {}).map(([name, value]) => `${name} ${value.toPrecision(3)}`),
  ];
  return columns.join("  ");
}

function shown({ median, quartiles: [low, high] }: Distribution, quantity: Comparison["quantity"]): string {
  const [scale, unit] = quantity === "seconds" ? [1000, "ms"] : [2 ** -20, "MiB"];
  const text = (value: number) => (value * scale).toPrecision(3);
  return `${text(median)} ${unit} (${text(low)} to ${text(high)})`.padStart(30);
}
