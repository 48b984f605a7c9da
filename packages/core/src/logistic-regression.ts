import { CholeskyDecomposition, Matrix as DenseMatrix } from "ml-matrix";

/** Coefficients of log-odds = intercept + weights·x. */
export interface LogisticCoefficients {
  readonly weights: Float64Array;
  readonly intercept: number;
}

/**
 * L2-penalised logistic regression by Newton's method (iteratively reweighted least squares) with step halving:
 * minimises Σ log-loss + penalty/2·‖weights‖², intercept free; scikit-learn's LogisticRegression with
 * C = 1/penalty.
 *
 * @param columns F columns of N finite values, best standardised @param positives N flags
 * @param rows the inputs to fit to @param penalty > 0, so that separable inputs have an answer too
 */
export function fitLogisticRegression(
  columns: readonly Float64Array[],
  positives: Uint8Array,
  rows: Uint32Array,
  penalty: number,
): LogisticCoefficients {
  const f = columns.length;
  let beta = new Float64Array(f + 1);
  let loss = penalisedLoss(columns, positives, rows, penalty, beta);
  for (let iteration = 0; iteration < 100; iteration++) {
    const { gradient, hessian } = derivatives(columns, positives, rows, penalty, beta);
    const step = new CholeskyDecomposition(hessian).solve(DenseMatrix.columnVector(gradient)).to1DArray();
    let scale = 1;
    let next = beta;
    let nextLoss = loss;
    for (; scale > 1e-8; scale /= 2) {
      next = beta.map((value, j) => value - scale * step[j]);
      nextLoss = penalisedLoss(columns, positives, rows, penalty, next);
      if (nextLoss <= loss) break;
    }
    if (nextLoss > loss) break;
    const moved = step.reduce((most, value) => Math.max(most, Math.abs(scale * value)), 0);
    beta = next;
    loss = nextLoss;
    if (moved < 1e-10) break;
  }
  return { weights: beta.slice(0, f), intercept: beta[f] };
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

function logOddsOf(columns: readonly Float64Array[], i: number, beta: Float64Array): number {
  let sum = beta[columns.length];
  for (let j = 0; j < columns.length; j++) sum += beta[j] * columns[j][i];
  return sum;
}

function penalisedLoss(
  columns: readonly Float64Array[],
  positives: Uint8Array,
  rows: Uint32Array,
  penalty: number,
  beta: Float64Array,
): number {
  let loss = 0;
  for (const i of rows) {
    const odds = logOddsOf(columns, i, beta);
    loss += softplus(positives[i] === 1 ? -odds : odds);
  }
  for (let j = 0; j < columns.length; j++) loss += (penalty / 2) * beta[j] * beta[j];
  return loss;
}

function derivatives(
  columns: readonly Float64Array[],
  positives: Uint8Array,
  rows: Uint32Array,
  penalty: number,
  beta: Float64Array,
) {
  const f = columns.length;
  const gradient = new Float64Array(f + 1);
  const hessian = DenseMatrix.zeros(f + 1, f + 1);
  const x = new Float64Array(f + 1).fill(1);
  for (const i of rows) {
    for (let j = 0; j < f; j++) x[j] = columns[j][i];
    const p = 1 / (1 + Math.exp(-logOddsOf(columns, i, beta)));
    const curvature = Math.max(p * (1 - p), 1e-12);
    for (let j = 0; j <= f; j++) {
      gradient[j] += (p - positives[i]) * x[j];
      for (let k = 0; k <= f; k++) hessian.set(j, k, hessian.get(j, k) + curvature * (x[j] * x[k]));
    }
  }
  for (let j = 0; j < f; j++) {
    gradient[j] += penalty * beta[j];
    hessian.set(j, j, hessian.get(j, j) + penalty);
  }
  return { gradient, hessian };
}
