/** What is fuzzed, and how long. */
export interface FuzzOptions {
  /** Names of targets; none means all. */
  names: readonly string[];
  /** Time for each target. */
  seconds: number;
  /** Chooses the random changes. */
  seed: number;
}
