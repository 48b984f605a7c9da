import { InvalidInputError, requireFinite } from "../errors.ts";
import type { Matrix } from "../matrix.ts";
import { row } from "../matrix.ts";

/**
 * Baselines that read the logits alone (N×K). All give N scores; higher = more likely a defect. All throw
 * InvalidInputError on a NaN or infinity, naming the input.
 */

/** 1 − maximum softmax probability (Hendrycks & Gimpel 2017), in [0, 1 − 1/K]. */
export function mspScores(logits: Matrix): Float64Array {
  return perInput(logits, (values, p) => {
    softmax(values, p);
    let largest = 0;
    for (let k = 0; k < p.length; k++) largest = Math.max(largest, p[k]);
    return 1 - largest;
  });
}

/** Entropy of the softmax in nats, in [0, ln K]. */
export function entropyScores(logits: Matrix): Float64Array {
  return perInput(logits, (values, p) => {
    softmax(values, p);
    let entropy = 0;
    for (let k = 0; k < p.length; k++) if (p[k] > 0) entropy -= p[k] * Math.log(p[k]);
    return entropy;
  });
}

/**
 * GEN, generalised entropy (Liu, Lochman & Zach, CVPR 2023): Σ p^gamma·(1 − p)^gamma over the `top` largest
 * softmax probabilities (the paper's score is its negative).
 *
 * @param options.gamma in (0, 1), 0.1 by default @param options.top 100 by default, or K when fewer
 */
export function genScores(
  logits: Matrix,
  options: { readonly gamma?: number; readonly top?: number } = {},
): Float64Array {
  const { gamma = 0.1, top = 100 } = options;
  if (!(gamma > 0 && gamma < 1))
    throw new InvalidInputError("gamma", `is ${gamma}`, "Use a number between 0 and 1, as 0.1.");
  if (!(top >= 1)) throw new InvalidInputError("top", `is ${top}`, "Use a whole number >= 1.");
  return perInput(logits, (values, p) => {
    softmax(values, p);
    const largest = top < p.length ? p.sort().subarray(-top) : p;
    let score = 0;
    for (let k = 0; k < largest.length; k++) score += (largest[k] * (1 - largest[k])) ** gamma;
    return score;
  });
}

/**
 * Energy (Liu et al. 2020): −T·log Σ exp(logit / T). Any real number.
 *
 * @param temperature T > 0, 1 by default
 */
export function energyScores(logits: Matrix, temperature = 1): Float64Array {
  if (!(temperature > 0))
    throw new InvalidInputError("temperature", `is ${temperature}`, "Use a number > 0, as 1.");
  return perInput(logits, (values) => {
    const largest = largestOf(values);
    let sum = 0;
    for (let k = 0; k < values.length; k++) sum += Math.exp((values[k] - largest) / temperature);
    return -(largest + temperature * Math.log(sum));
  });
}

/** @param score gets an input's logits, and K values of scratch */
function perInput(
  logits: Matrix,
  score: (values: Float32Array, scratch: Float64Array) => number,
): Float64Array {
  if (logits.columns < 2)
    throw new InvalidInputError("logits", `has ${logits.columns} columns`, "Pass N×K logits, K >= 2.");
  requireFinite("logits", logits.data, logits.columns);
  const scratch = new Float64Array(logits.columns);
  const scores = new Float64Array(logits.rows);
  for (let i = 0; i < scores.length; i++) scores[i] = score(row(logits, i), scratch);
  return scores;
}

function softmax(values: Float32Array, p: Float64Array): void {
  const largest = largestOf(values);
  let sum = 0;
  for (let k = 0; k < p.length; k++) {
    p[k] = Math.exp(values[k] - largest);
    sum += p[k];
  }
  for (let k = 0; k < p.length; k++) p[k] /= sum;
}

function largestOf(values: Float32Array): number {
  let largest = values[0];
  for (let k = 1; k < values.length; k++) largest = Math.max(largest, values[k]);
  return largest;
}
