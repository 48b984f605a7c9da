import { InvalidInputError } from "../errors.ts";
import { criticalValue, normalSurvival } from "./normal.ts";

/** An estimate with its confidence interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A test statistic with its two-sided p-value in [0, 1]. */
export interface TestResult {
  readonly statistic: number;
  readonly pValue: number;
}

/** Throws InvalidInputError unless 0 <= successes <= trials, both whole. */
export function requireProportion(successes: number, trials: number): void {
  if (!Number.isSafeInteger(trials) || trials < 0)
    throw new InvalidInputError("trials", `is ${trials}`, "Use a whole number >= 0.");
  if (!Number.isSafeInteger(successes) || successes < 0 || successes > trials)
    throw new InvalidInputError("successes", `is ${successes}`, `Use a whole number from 0 to ${trials}.`);
}

/**
 * Wilson score interval of a proportion, without continuity correction (Wilson 1927).
 * No trials say nothing: value NaN, interval [0, 1].
 */
export function wilsonInterval(successes: number, trials: number, confidence = 0.95): Interval {
  requireProportion(successes, trials);
  return wilson(successes, trials, criticalValue(confidence));
}

function wilson(successes: number, trials: number, z: number): Interval {
  const centre = successes + (z * z) / 2;
  const half = z * Math.sqrt((successes * (trials - successes)) / trials + (z * z) / 4);
  const scale = trials + z * z;
  return {
    value: successes / trials,
    // Exact at the ends, where rounding would leave 1e-17; with no trials both ends apply.
    low: successes === 0 ? 0 : (centre - half) / scale,
    high: successes === trials ? 1 : (centre + half) / scale,
  };
}

/**
 * The pooled two-proportion z test of successes1/trials1 against successes2/trials2, two-sided.
 * Where all or none succeed there is no evidence: statistic 0, p 1.
 */
export function twoProportionTest(
  successes1: number,
  trials1: number,
  successes2: number,
  trials2: number,
): TestResult {
  requireProportion(successes1, trials1);
  requireProportion(successes2, trials2);
  const pooled = (successes1 + successes2) / (trials1 + trials2);
  const variance = pooled * (1 - pooled) * (1 / trials1 + 1 / trials2);
  if (!(variance > 0) || variance === Number.POSITIVE_INFINITY) return { statistic: 0, pValue: 1 };
  const statistic = (successes1 / trials1 - successes2 / trials2) / Math.sqrt(variance);
  return { statistic, pValue: 2 * normalSurvival(Math.abs(statistic)) };
}

/**
 * The difference of two independent proportions with Newcombe's hybrid score interval
 * (Newcombe 1998, Statistics in Medicine 17:873, method 10).
 */
export function riskDifference(
  successes1: number,
  trials1: number,
  successes2: number,
  trials2: number,
  confidence = 0.95,
): Interval {
  requireProportion(successes1, trials1);
  requireProportion(successes2, trials2);
  const z = criticalValue(confidence);
  const first = wilson(successes1, trials1, z);
  const second = wilson(successes2, trials2, z);
  return squareAndAdd(first, second, 0);
}

/**
 * The difference of two proportions measured on the same inputs (first − second), with Newcombe's interval
 * for paired data (Newcombe 1998, Statistics in Medicine 17:2635, method 10).
 *
 * @param both inputs where both hold
 * @param onlyFirst inputs where only the first holds
 * @param onlySecond inputs where only the second holds
 * @param neither inputs where neither holds
 */
export function pairedRiskDifference(
  both: number,
  onlyFirst: number,
  onlySecond: number,
  neither: number,
  confidence = 0.95,
): Interval {
  const trials = both + onlyFirst + onlySecond + neither;
  for (const cell of [both, onlyFirst, onlySecond, neither]) requireProportion(cell, trials);
  const z = criticalValue(confidence);
  const first = wilson(both + onlyFirst, trials, z);
  const second = wilson(both + onlySecond, trials, z);
  const margins = (both + onlyFirst) * (onlySecond + neither) * (both + onlySecond) * (onlyFirst + neither);
  const agreement = both * neither - onlyFirst * onlySecond;
  // A positive correlation is shrunk by a continuity correction, as Newcombe does.
  const shrunk = agreement > 0 ? Math.max(agreement - trials / 2, 0) : agreement;
  return squareAndAdd(first, second, margins === 0 ? 0 : shrunk / Math.sqrt(margins));
}

function squareAndAdd(first: Interval, second: Interval, correlation: number): Interval {
  const value = first.value - second.value;
  if (Number.isNaN(value)) return { value, low: -1, high: 1 };
  const side = (a: number, b: number) => Math.sqrt(Math.max(0, a * a - 2 * correlation * a * b + b * b));
  return {
    value,
    low: value - side(first.value - first.low, second.high - second.value),
    high: value + side(first.high - first.value, second.value - second.low),
  };
}

/**
 * The odds ratio of two proportions with Woolf's logit interval; 0.5 is added to every cell when one is zero
 * (Haldane-Anscombe).
 */
export function oddsRatio(
  successes1: number,
  trials1: number,
  successes2: number,
  trials2: number,
  confidence = 0.95,
): Interval {
  requireProportion(successes1, trials1);
  requireProportion(successes2, trials2);
  const cells = [successes1, trials1 - successes1, successes2, trials2 - successes2];
  const [a, b, c, d] = cells.some((cell) => cell === 0) ? cells.map((cell) => cell + 0.5) : cells;
  const value = (a * d) / (b * c);
  const spread = Math.exp(criticalValue(confidence) * Math.sqrt(1 / a + 1 / b + 1 / c + 1 / d));
  return { value, low: value / spread, high: value * spread };
}
