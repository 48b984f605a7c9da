import { InvalidInputError } from "../errors.ts";

const SQRT_2PI = Math.sqrt(2 * Math.PI);

/**
 * The complementary error function, relative error below 1e-13 (both tails).
 * Series and continued fraction: Abramowitz & Stegun 7.1.6 and 7.1.14.
 */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 1.5) {
    let term = x;
    let sum = x;
    for (let n = 1; term > sum * 1e-17; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  // Fewer levels are needed the farther out: 200 at x = 1.5 leave nothing above 1e-16.
  let fraction = x;
  for (let n = Math.ceil(30 + 380 / (x * x)); n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

/** P(Z <= z) of the standard normal, accurate in the far lower tail too. */
export function normalCdf(z: number): number {
  return erfc(-z / Math.SQRT2) / 2;
}

/** P(Z > z) of the standard normal, accurate in the far upper tail too. */
export function normalSurvival(z: number): number {
  return erfc(z / Math.SQRT2) / 2;
}

/**
 * The z with P(Z <= z) = p, for p in [0, 1]; error below 1e-12 · max(1, |z|).
 * Start: Abramowitz & Stegun 26.2.23; then Halley steps on the survival function.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) throw new InvalidInputError("probability", `is ${p}`, "Use a number from 0 to 1.");
  if (p === 0.5) return 0;
  if (p > 0.5) return p === 1 ? Number.POSITIVE_INFINITY : upperQuantile(1 - p);
  return p === 0 ? Number.NEGATIVE_INFINITY : -upperQuantile(p);
}

/** The z >= 0 with P(Z > z) = tail, 0 < tail <= 0.5. */
function upperQuantile(tail: number): number {
  const t = Math.sqrt(-2 * Math.log(tail));
  let z =
    t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (let step = 0; step < 3; step++) {
    const newton = ((normalSurvival(z) - tail) / Math.exp((-z * z) / 2)) * SQRT_2PI;
    z += newton / (1 - (newton * z) / 2);
  }
  return z;
}

/** The two-sided critical value of a confidence level, for instance 1.96 for 0.95. */
export function criticalValue(confidence: number): number {
  if (!(confidence > 0 && confidence < 1))
    throw new InvalidInputError("confidence", `is ${confidence}`, "Use a number between 0 and 1, as 0.95.");
  return confidence === 0.95 ? usual : upperQuantile((1 - confidence) / 2);
}

/** Computed once: a report has hundreds of intervals, and nearly all are of 95 %. */
const usual = upperQuantile((1 - 0.95) / 2);
