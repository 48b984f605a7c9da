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
  const design = designOf(columns, positives, rows);
  let beta = new Float64Array(f + 1);
  let loss = penalisedLoss(design, penalty, beta);
  for (let iteration = 0; iteration < 100; iteration++) {
    const { gradient, hessian } = derivatives(design, penalty, beta);
    const step = new CholeskyDecomposition(hessian).solve(DenseMatrix.columnVector(gradient)).to1DArray();
    let scale = 1;
    let next = beta;
    let nextLoss = loss;
    for (; scale > 1e-8; scale /= 2) {
      next = beta.map((value, j) => value - scale * step[j]);
      nextLoss = penalisedLoss(design, penalty, next);
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

function logOddsOf({ width, inputs }: Design, r: number, beta: Float64Array): number {
  let sum = beta[width - 1];
  for (let j = 0; j < width - 1; j++) sum += beta[j] * inputs[r * width + j];
  return sum;
}

function penalisedLoss(design: Design, penalty: number, beta: Float64Array): number {
  const { width, positives } = design;
  let loss = 0;
  for (let r = 0; r < positives.length; r++) {
    const odds = logOddsOf(design, r, beta);
    loss += softplus(positives[r] === 1 ? -odds : odds);
  }
  for (let j = 0; j < width - 1; j++) loss += (penalty / 2) * beta[j] * beta[j];
  return loss;
}

function derivatives(design: Design, penalty: number, beta: Float64Array) {
  const { width, inputs, positives } = design;
  const gradient = new Float64Array(width);
  // The lower triangle.
  const curvatures = new Float64Array(width * width);
  for (let r = 0; r < positives.length; r++) {
    const p = 1 / (1 + Math.exp(-logOddsOf(design, r, beta)));
    const curvature = Math.max(p * (1 - p), 1e-12);
    const start = r * width;
    for (let j = 0; j < width; j++) {
      const x = inputs[start + j];
      gradient[j] += (p - positives[r]) * x;
      for (let k = 0; k <= j; k++) curvatures[j * width + k] += curvature * (x * inputs[start + k]);
    }
  }
  for (let j = 0; j < width - 1; j++) {
    gradient[j] += penalty * beta[j];
    curvatures[j * width + j] += penalty;
  }
  const hessian = DenseMatrix.zeros(width, width);
  for (let j = 0; j < width; j++)
    for (let k = 0; k < width; k++) hessian.set(j, k, curvatures[Math.max(j, k) * width + Math.min(j, k)]);
  return { gradient, hessian };
}
