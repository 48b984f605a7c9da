import { CholeskyDecomposition, Matrix as DenseMatrix } from "ml-matrix";
import { matrix } from "./matrix.ts";
import { crossProduct } from "./wasm/products/products.ts";

/** Coefficients of log-odds = intercept + weights·x. */
export interface LogisticCoefficients {
  readonly weights: Float64Array;
  readonly intercept: number;
}

/**
 * L2-penalised logistic regressions by Newton's method (iteratively reweighted least squares) with step halving:
 * each minimises Σ log-loss + penalty/2·‖weights‖², intercept free; scikit-learn's LogisticRegression with
 * C = 1/penalty. Each starts from the answer of the one before, so penalties in order take the fewest steps.
 *
 * @param columns F columns of N finite values, best standardised @param positives N flags
 * @param rows the inputs to fit to @param penalties > 0, so that separable inputs have an answer too
 * @returns the coefficients at each penalty
 */
export function fitLogisticRegressions(
  columns: readonly Float64Array[],
  positives: Uint8Array,
  rows: Uint32Array,
  penalties: readonly number[],
): LogisticCoefficients[] {
  const design = designOf(columns, positives, rows);
  let beta: Float64Array = new Float64Array(design.width);
  return penalties.map((penalty) => {
    beta = minimise(design, penalty, beta);
    return { weights: beta.slice(0, -1), intercept: beta[beta.length - 1] };
  });
}

function minimise(design: Design, penalty: number, start: Float64Array): Float64Array {
  let beta = start;
  let odds = logOddsOf(design, beta);
  let loss = penalisedLoss(design, penalty, beta, odds);
  for (let iteration = 0; iteration < 100; iteration++) {
    const { gradient, hessian } = derivatives(design, penalty, beta, odds);
    const step = new CholeskyDecomposition(hessian).solve(DenseMatrix.columnVector(gradient)).to1DArray();
    let scale = 1;
    let next = beta;
    let nextOdds = odds;
    let nextLoss = loss;
    for (; scale > 1e-8; scale /= 2) {
      next = beta.map((value, j) => value - scale * step[j]);
      nextOdds = logOddsOf(design, next);
      nextLoss = penalisedLoss(design, penalty, next, nextOdds);
      if (nextLoss <= loss) break;
    }
    if (nextLoss > loss) break;
    const moved = step.reduce((most, value) => Math.max(most, Math.abs(scale * value)), 0);
    beta = next;
    odds = nextOdds;
    loss = nextLoss;
    // The steps' lengths are squared from one to the next: what is missing is under 1e-13.
    if (moved < 1e-7) break;
  }
  return beta;
}

/** Log-odds of each of the N inputs. */
export function logOdds(
  columns: readonly Float64Array[],
  { weights, intercept }: LogisticCoefficients,
): Float64Array {
  return Float64Array.from({ length: columns[0].length }, (_, i) =>
    columns.reduce((sum, column, j) => sum + weights[j] * column[i], intercept),
  );
}

/** log(1 + exp(t)), without overflow. */
export function softplus(t: number): number {
  return Math.max(t, 0) + Math.log1p(Math.exp(-Math.abs(t)));
}

/** The inputs of a fit row by row, each with a 1 for the intercept at its end. */
interface Design {
  readonly width: number;
  /** N×width */
  readonly inputs: Float64Array;
  readonly positives: Uint8Array;
}

function designOf(columns: readonly Float64Array[], positives: Uint8Array, rows: Uint32Array): Design {
  const width = columns.length + 1;
  const inputs = new Float64Array(rows.length * width).fill(1);
  for (const [j, column] of columns.entries())
    for (let r = 0; r < rows.length; r++) inputs[r * width + j] = column[rows[r]];
  return { width, inputs, positives: Uint8Array.from(rows, (i) => positives[i]) };
}

function logOddsOf({ width, inputs, positives }: Design, beta: Float64Array): Float64Array {
  const odds = new Float64Array(positives.length);
  for (let r = 0; r < odds.length; r++) {
    let sum = beta[width - 1];
    for (let j = 0; j < width - 1; j++) sum += beta[j] * inputs[r * width + j];
    odds[r] = sum;
  }
  return odds;
}

function penalisedLoss(
  { width, positives }: Design,
  penalty: number,
  beta: Float64Array,
  odds: Float64Array,
): number {
  let loss = 0;
  for (let r = 0; r < odds.length; r++) loss += softplus(positives[r] === 1 ? -odds[r] : odds[r]);
  for (let j = 0; j < width - 1; j++) loss += (penalty / 2) * beta[j] * beta[j];
  return loss;
}

function derivatives(
  { width, inputs, positives }: Design,
  penalty: number,
  beta: Float64Array,
  odds: Float64Array,
) {
  const gradient = new Float64Array(width);
  // Each input times the root of its curvature.
  const bent = new Float64Array(inputs.length);
  for (let r = 0; r < odds.length; r++) {
    const p = 1 / (1 + Math.exp(-odds[r]));
    const bend = Math.sqrt(Math.max(p * (1 - p), 1e-12));
    for (let at = r * width, j = 0; j < width; j++, at++) {
      gradient[j] += (p - positives[r]) * inputs[at];
      bent[at] = bend * inputs[at];
    }
  }
  const rows = matrix(odds.length, width, bent);
  const hessian = DenseMatrix.from1DArray(width, width, crossProduct(rows, rows).data);
  for (let j = 0; j < width - 1; j++) {
    gradient[j] += penalty * beta[j];
    hessian.set(j, j, hessian.get(j, j) + penalty);
  }
  return { gradient, hessian };
}
