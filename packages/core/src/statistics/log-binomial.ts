/**
 * ln n!, error below 1e-14 relative: exact products to 20!, Stirling's series above
 * (Abramowitz & Stegun 6.1.41, the terms to n^-9).
 */
export function logFactorial(n: number): number {
  if (n <= 20) {
    let product = 1;
    for (let k = 2; k <= n; k++) product *= k;
    return Math.log(product);
  }
  const x = n + 1;
  const r = 1 / (x * x);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}

/** ln of the binomial coefficient "n choose k", 0 <= k <= n. */
export function logBinomial(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}
