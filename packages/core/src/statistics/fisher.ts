import { logBinomial } from "./log-binomial.ts";
import { requireProportion } from "./proportion.ts";

/**
 * Fisher's exact test of successes1/trials1 against successes2/trials2: the two-sided p-value, the total
 * probability (given the margins) of the tables that are no likelier than the observed one. As R's
 * `fisher.test` and SciPy's `fisher_exact`. O(min margin).
 */
export function fisherExactTest(
  successes1: number,
  trials1: number,
  successes2: number,
  trials2: number,
): number {
  requireProportion(successes1, trials1);
  requireProportion(successes2, trials2);
  const successes = successes1 + successes2;
  const lowest = Math.max(0, successes - trials2);
  const highest = Math.min(trials1, successes);
  // Probabilities relative to the observed table, by the ratio of neighbours: no logarithm inside the loop.
  const odds = (k: number) => ((trials1 - k) * (successes - k)) / ((k + 1) * (trials2 - successes + k + 1));
  // Ties in probability count as extreme; the margin absorbs their rounding (R uses the same 1e-7).
  const bound = 1 + 1e-7;
  let extreme = 1;
  let relative = 1;
  for (let k = successes1; k < highest; k++) {
    relative *= odds(k);
    if (relative <= bound) extreme += relative;
  }
  relative = 1;
  for (let k = successes1; k > lowest; k--) {
    relative /= odds(k - 1);
    if (relative <= bound) extreme += relative;
  }
  const logObserved =
    logBinomial(trials1, successes1) +
    logBinomial(trials2, successes2) -
    logBinomial(trials1 + trials2, successes);
  return Math.min(1, extreme * Math.exp(logObserved));
}
