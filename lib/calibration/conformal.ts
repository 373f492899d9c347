import { firstAtLeast } from "./ascending.js";
import { betaQuantile } from "./beta-quantile.js";

/**
 * Split-conformal thresholds (Vovk et al. 2005; Lei et al. 2018). If the scores of `n` good parts and of a new one are
 * exchangeable, the new one is at or above the k-th smallest of the n with probability (n + 1 - k) / (n + 1), ties
 * apart.
 */

/** Rounding of a product of a rate and a count. */
const rounding = 1e-9;

/** The rank, from 1, of the score that is the threshold for a rate. It exceeds `n` if no promise is possible. */
export function rankFor(rate: number, n: number): number {
  return n + 1 - Math.floor((n + 1) * rate + rounding);
}

/** The fewest good parts for which a rate can be promised. */
export function neededFor(rate: number): number {
  return Math.ceil(1 / rate - 1 - rounding);
}

/** The lowest rate that can be promised with `n` good parts. */
export function lowestRate(n: number): number {
  return 1 / (n + 1);
}

/**
 * The 95 % interval of the rate that a threshold of this rank will meet, over calibrations: the 2.5 % and 97.5 %
 * quantiles of Beta(n + 1 - k, k).
 */
export function metRate(rank: number, n: number): [low: number, high: number] {
  return [betaQuantile(0.025, n + 1 - rank, rank), betaQuantile(0.975, n + 1 - rank, rank)];
}

/**
 * The conformal p-value: the share of good parts that are at least as odd, the new one included. For good parts,
 * P(p <= a) <= a for every a.
 *
 * @param scores Of good parts, ascending.
 */
export function pValueOf(scores: readonly number[], score: number): number {
  return (1 + scores.length - firstAtLeast(scores, score)) / (scores.length + 1);
}
