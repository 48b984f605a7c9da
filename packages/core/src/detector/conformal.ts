import { InvalidInputError } from "../errors.ts";

/**
 * The split-conformal threshold: with scores of n exchangeable correct inputs that built nothing else, a new
 * correct input scores above the threshold with probability at most alpha, whatever the distribution
 * (Vovk, Gammerman & Shafer 2005; Angelopoulos & Bates 2023, section 1). It is the
 * ⌈(n + 1)(1 − alpha)⌉-th smallest score, and Infinity (nothing is ever flagged) when n < 1/alpha − 1.
 * Without tied scores the probability is also above alpha − 1/(n + 1).
 *
 * @param scores n held-out scores of correct inputs, any order, no NaN
 * @param alpha wanted false-alarm rate, in (0, 1)
 */
export function conformalThreshold(scores: ArrayLike<number>, alpha: number): number {
  requireAlpha(alpha);
  const sorted = Float64Array.from(scores).sort();
  const rank = sorted.length + 1 - allowedAlarms(sorted.length, alpha);
  return rank > sorted.length ? Number.POSITIVE_INFINITY : sorted[rank - 1];
}

/** The fewest held-out correct inputs from which a finite threshold can come. */
export function conformalMinimum(alpha: number): number {
  requireAlpha(alpha);
  let inputs = Math.max(1, Math.floor(1 / alpha) - 2);
  while (allowedAlarms(inputs, alpha) < 1) inputs++;
  return inputs;
}

/** ⌊alpha (n + 1)⌋; the small term keeps 0.29 · 100 at 29 in spite of binary rounding. */
function allowedAlarms(inputs: number, alpha: number): number {
  return Math.floor(alpha * (inputs + 1) + 1e-9);
}

function requireAlpha(alpha: number): void {
  if (!(alpha > 0 && alpha < 1))
    throw new InvalidInputError("alpha", `is ${alpha}`, "Use a false-alarm rate between 0 and 1, as 0.05.");
}
