import { InvalidInputError } from "../errors.ts";
import { matrix, transposed } from "../matrix.ts";
import { rowProducts } from "../wasm/products/products.ts";
import type { AlignmentAccumulator } from "./accumulator.ts";
import type { Alignment } from "./apply.ts";
import { chooseLambda } from "./ridge-penalty.ts";
import { alignmentSpectrum, shrinkages } from "./spectrum.ts";

export interface AlignmentOptions {
  /**
   * The ridge penalty, finite and >= 0 (scikit-learn's `alpha`: the intercept is free); by generalised
   * cross-validation when left out.
   */
  readonly lambda?: number;
}

/**
 * Fits the alignment by ridge least squares: minimises ‖Y − XAᵀ − b‖² + lambda‖A‖² with a free intercept.
 *
 * With lambda = 0 and collinear or too few inputs the minimum-norm solution is given, as by LAPACK's gelsd;
 * directions whose singular value is under sqrt(max(n, d)·2.2e-16) of the largest count as absent (the normal
 * equations cannot resolve them).
 *
 * Throws InvalidInputError with fewer than 2 inputs or a negative lambda.
 */
export function fitAlignment(accumulator: AlignmentAccumulator, options: AlignmentOptions = {}): Alignment {
  const { inputWidth: d, outputWidth: m, inputs, inputMean, outputMean } = accumulator;
  const spectrum = alignmentSpectrum(accumulator);
  const { eigenvalues, eigenvectors, cross, tolerance, rank } = spectrum;
  const lambda = options.lambda ?? chooseLambda(accumulator, spectrum);
  if (!(lambda >= 0 && Number.isFinite(lambda)))
    throw new InvalidInputError("lambda", `is ${lambda}`, "Pass a finite ridge penalty >= 0.");

  const shrinkage = shrinkages(spectrum, lambda);
  // Aᵀ = V·diag(shrinkage)·Vᵀ·(cross scatter); scaling rows of Vᵀ leaves one product to do.
  const scaled = eigenvectors.data.map((value, index) => value * shrinkage[index % d]);
  const weights = rowProducts(transposed(cross), matrix(d, d, scaled)).data;
  const bias = Float64Array.from(outputMean);
  for (let j = 0; j < m; j++) for (let i = 0; i < d; i++) bias[j] -= weights[j * d + i] * inputMean[i];

  const present = eigenvalues.filter((value) => value > tolerance);
  const degreesOfFreedom = eigenvalues.reduce((sum, value, i) => sum + value * shrinkage[i], 1);
  const conditionNumber =
    rank === d ? Math.sqrt(Math.max(...present) / Math.min(...present)) : Number.POSITIVE_INFINITY;
  return {
    inputWidth: d,
    outputWidth: m,
    weights,
    bias,
    lambda,
    rank,
    conditionNumber,
    degreesOfFreedom,
    inputs,
  };
}
