/**
 * The quantile of a beta distribution whose parameters are whole numbers: the `x` for which P(Beta(a, b) <= x) is the
 * given probability, to about 12 digits.
 *
 * @param a,b At least 1.
 */
export function betaQuantile(probability: number, a: number, b: number): number {
  const log = logBinomial(a + b - 1, a);
  let [low, high] = [0, 1];
  // Halving ends when no number is left between the two.
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high || high - low < 1e-15) return middle;
    if (betaDistribution(middle, a, b, log) < probability) low = middle;
    else high = middle;
  }
}

/** P(Beta(a, b) <= x), which is P(Binomial(a + b - 1, x) >= a), summed from the larger terms to the smaller ones. */
function betaDistribution(x: number, a: number, b: number, logCoefficient: number): number {
  const n = a + b - 1;
  const first = Math.exp(logCoefficient + a * Math.log(x) + (n - a) * Math.log1p(-x));
  const odds = x / (1 - x);
  if (a > n * x) {
    let sum = 0;
    for (let k = a, term = first; k <= n && term > sum * 1e-17; k++) {
      sum += term;
      term *= ((n - k) / (k + 1)) * odds;
    }
    return Math.min(1, sum);
  }
  let below = 0;
  for (let k = a - 1, term = (first * a) / ((n - a + 1) * odds); k >= 0 && term > below * 1e-17; k--) {
    below += term;
    term *= k / ((n - k + 1) * odds);
  }
  return Math.max(0, 1 - below);
}

/** The logarithm of the binomial coefficient. */
function logBinomial(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= Math.min(k, n - k); i++) sum += Math.log((n - i + 1) / i);
  return sum;
}

/**
 * The Clopper-Pearson interval of a share, such as a rate of false alarms.
 *
 * @param count How many of the `total` were counted.
 * @param level How often such intervals contain the true share, at least.
 */
export function shareInterval(count: number, total: number, level = 0.95): [low: number, high: number] {
  const tail = (1 - level) / 2;
  return [
    count === 0 ? 0 : betaQuantile(tail, count, total - count + 1),
    count === total ? 1 : betaQuantile(1 - tail, count + 1, total - count),
  ];
}
