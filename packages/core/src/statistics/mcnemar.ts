import { logBinomial } from "./log-binomial.ts";
import { normalSurvival } from "./normal.ts";
import { requireProportion, type TestResult } from "./proportion.ts";

/** Above this many discordant pairs {@link mcNemarTest} uses the normal approximation. */
export const EXACT_DISCORDANT_PAIRS = 1000;

/**
 * McNemar's test of two yes/no measurements of the same inputs, two-sided.
 *
 * Up to 1,000 discordant pairs the binomial test: `exact`, or by default `mid-p`, which counts half of the
 * observed table's probability and keeps nearer to its level (Fagerland et al. 2013, BMC Medical Research
 * Methodology 13:91). Beyond, the asymptotic test without continuity correction. The statistic is the signed
 * (first − second) / √(first + second).
 *
 * @param onlyFirst inputs where only the first holds
 * @param onlySecond inputs where only the second holds
 */
export function mcNemarTest(
  onlyFirst: number,
  onlySecond: number,
  method: "mid-p" | "exact" = "mid-p",
): TestResult {
  const discordant = onlyFirst + onlySecond;
  requireProportion(onlyFirst, discordant);
  if (discordant === 0) return { statistic: 0, pValue: 1 };
  const statistic = (onlyFirst - onlySecond) / Math.sqrt(discordant);
  if (discordant > EXACT_DISCORDANT_PAIRS)
    return { statistic, pValue: 2 * normalSurvival(Math.abs(statistic)) };
  const fewer = Math.min(onlyFirst, onlySecond);
  // Tail of Binomial(discordant, 1/2) at `fewer`, summed downwards from the observed term.
  let relative = 1;
  let tail = 1;
  for (let k = fewer; k > 0; k--) {
    relative *= k / (discordant - k + 1);
    tail += relative;
  }
  const observed = Math.exp(logBinomial(discordant, fewer) - discordant * Math.LN2);
  const pValue = observed * (2 * tail - (method === "mid-p" ? 1 : 0));
  return { statistic, pValue: Math.min(1, pValue) };
}
