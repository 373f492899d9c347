import type { ExecutionContext } from "ava";
import fc from "fast-check";

/** The seed of all properties, so that every run checks the same values. `PROPERTY_SEED` chooses another. */
const seed = Number(process.env.PROPERTY_SEED ?? 20_240_613);

/** How many times as many values as usual are tried. */
const factor = Number(process.env.PROPERTY_FACTOR ?? 1);

/**
 * Asserts that a property holds, and logs with which seed and how often it was tried. A failure shows the smallest
 * counterexample that was found, and the seed and path that reproduce it.
 *
 * @param runs How many values are tried; `PROPERTY_FACTOR` multiplies it.
 */
export async function holds<Ts>(
  t: ExecutionContext,
  runs: number,
  property: fc.IAsyncProperty<Ts> | fc.IProperty<Ts>,
): Promise<void> {
  const numRuns = Math.ceil(runs * factor);
  await fc.assert(property as fc.IAsyncProperty<Ts>, { seed, numRuns });
  t.log(`${numRuns} runs, seed ${seed}`);
  t.pass();
}
