import { setTimeout } from "node:timers/promises";

/** One side of a comparison: does the job once, and returns the seconds or bytes that it took. */
export type Run = () => Promise<number>;

/** The seconds or bytes that a job took, over all rounds. */
export interface Distribution {
  median: number;
  /** First and third quartile. */
  quartiles: [number, number];
  rounds: number;
}

/** A job, compared on both sides. */
export interface Comparison {
  job: string;
  /** What the numbers refer to, such as "per batch". */
  unit: string;
  quantity: "seconds" | "bytes";
  /** Name of the other side. */
  against: string;
  ours: Distribution;
  reference: Distribution;
  /** Median of the reference divided by ours: above 1 means that ours takes less. */
  ratio: number;
  /** Numbers derived from our median, by name and unit. */
  figures?: Record<string, number>;
}

/** What to compare. */
export type Subject = Pick<Comparison, "job" | "unit"> & Partial<Pick<Comparison, "quantity" | "against">>;

/** Runs a job on both sides alternately, after one round to warm up, and compares the times. */
export async function compare(
  subject: Subject,
  rounds: number,
  sides: { ours: Run; reference: Run },
): Promise<Comparison> {
  await alternate(1, sides, settle);
  const { ours, reference } = await alternate(rounds, sides, settle);
  return comparison(subject, ours, reference);
}

/**
 * Runs all sides alternately, so that other load on the machine affects them equally.
 *
 * @param between Called and awaited after every run.
 * @returns what each side took in each round.
 */
export async function alternate<Side extends string>(
  rounds: number,
  sides: Record<Side, Run>,
  between: () => Promise<unknown>,
): Promise<Record<Side, number[]>> {
  const names = Object.keys(sides) as Side[];
  const found = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      found[name].push(await sides[name]());
      await between();
    }
  }
  return found;
}

/**
 * Waits until the threads of one process are asleep. OpenMP's threads spin for some milliseconds while they wait for
 * work, and would take the cores from the other process.
 */
export async function settle(): Promise<void> {
  await setTimeout(30);
}

/** Makes a comparison from what each side took in each round. */
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

/** The seconds that asynchronous work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Formats a comparison as a line for the terminal. */
export function line({ job, unit, quantity, against, ours, reference, ratio, figures }: Comparison): string {
  const columns = [
    job.padEnd(56),
    `${shown(ours, quantity).padStart(30)} here`,
    `${shown(reference, quantity).padStart(30)} ${against}`,
    `${ratio.toFixed(2)} x   (${unit})`,
    ...Object.entries(figures ?? {}).map(([name, value]) => `${name} ${value.toPrecision(3)}`),
  ];
  return columns.join("  ");
}

/** The median and, for more than one round, the quartiles, in milliseconds or MiB. */
export function shown(
  { median, quartiles: [low, high], rounds }: Distribution,
  quantity: Comparison["quantity"],
): string {
  const [scale, unit] = quantity === "seconds" ? [1000, "ms"] : [2 ** -20, "MiB"];
  const text = (value: number) => threeDigits(value * scale);
  return `${text(median)} ${unit}${rounds > 1 ? ` (${text(low)} to ${text(high)})` : ""}`;
}

/** Formats a number like 0.0123, 1.23, 12.3, 123 or 1230. */
function threeDigits(value: number): string {
  return value >= 100 ? Number(value.toPrecision(3)).toFixed(0) : value.toPrecision(3);
}
